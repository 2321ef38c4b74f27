//! Trino, for real: the servers of `scripts/stack up`. `client` needs none.

mod build;
mod client;
mod promotion;
mod queries;
mod registration;
mod report;
mod stack;
mod types;
mod workflows;
