//! Tests through the binaries, as users meet them: one module a behaviour.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod bronze;
mod checks;
mod database;
mod documentation;
mod download;
mod faults;
mod generate;
mod gold;
mod history;
mod iceberg;
mod lake;
mod lakehouse;
mod own;
mod proof;
mod recordings;
mod refine;
mod rest_catalog;
mod retention;
mod server;
mod shell;
mod store;
mod support;
mod task;
mod tokeniser;
mod trino;
mod workflow;
