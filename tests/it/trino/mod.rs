//! Trino itself: the servers of `scripts/stack up`. `client` and `tls` bring servers of their own.

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
mod rest_catalog;
mod server;
mod stack;
mod swap;
mod tls;
mod types;
mod workflows;
