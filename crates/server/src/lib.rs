//! Serves a lake over HTTP.
//!
//! ```text
//! accept.rs ─▶ guard.rs ─▶ routes.rs ─▶ query/   ─▶ discogs_lakehouse::query       ─┐
//! TLS, limits  host, origin             ingest/  ─▶ discogs_lakehouse::own          ├▶ stream.rs ─▶ answer
//! of time      token, scope             tables.rs, runs.rs ─▶ ::tables, ::lake     ─┘
//!                                       catalog.rs ─▶ lake_rest_catalog at /iceberg
//! ```
//!
//! DuckDB, the lake and the catalog block, so they run on threads for blocking work (`blocking.rs`). A query sends its rows
//! through a channel of a few pieces: a slow reader slows the query down, and memory stays bounded. `gate.rs` bounds how many
//! run at once and how many wait.

#![warn(missing_docs)]

mod accept;
mod app;
mod audit;
mod blocking;
mod body;
mod cancel;
mod catalog;
mod document;
mod gate;
mod guard;
mod ingest;
mod log;
mod metrics;
mod page;
mod problem;
mod query;
mod routes;
mod runs;
mod serve;
mod settings;
mod stall;
mod stream;
mod tables;
mod tls;
mod tokens;

pub use serve::serve;

/// The name of the program in locks, snapshots and scratch folders.
const NAME: &str = "lakehouse-server";
