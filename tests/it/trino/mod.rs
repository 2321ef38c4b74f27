//! Trino, for real: the servers of `scripts/stack up`. `client` and `tls` need hardly any.

mod build;
mod client;
mod iceberg;
mod names;
mod promotion;
mod pruned;
mod queries;
mod registration;
mod relay;
mod report;
mod stack;
mod swap;
mod tls;
mod types;
mod workflows;
