//! Turns the monthly Discogs dumps into a lake of Parquet: typed, checked, published by one pointer.
//!
//! Each binary in `src/bin` is a task: its parameters go in, one function of [`commands`] does the work, one JSON result
//! comes out (`digdag_task`). Dependencies point one way:
//!
//! ```text
//! bin ▸ commands ▸ query, retention, bronze ▸ ingest, warehouse, check, history, database, own, gold, metrics ▸ tables ▸ sql, parquet ▸ contract ▸ dump ▸ lake
//! ```

#![warn(missing_docs)]

/// Parser and encoder threads free memory that other threads allocated; mimalloc is faster at that than the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bronze;
mod check;
pub mod commands;
pub mod contract;
pub mod database;
pub mod dump;
pub mod gold;
mod history;
pub mod http;
pub mod ingest;
pub mod lake;
pub mod metrics;
pub mod own;
mod page;
mod parallel;
pub mod parquet;
pub mod query;
mod retention;
pub mod sql;
mod store;
pub mod tables;
mod warehouse;
