//! Trino, for real: the servers of `scripts/stack up`. `client` and `tls` need none.

mod build;
mod client;
mod promotion;
mod queries;
mod registration;
mod report;
mod stack;
mod tls;
mod types;
mod workflows;
