//! The history of the lake: its runs, their KPIs over the months, and the changes from one run to another.
//!
//! ```text
//! manifests ──update-run-registry──▶ run_registry_events ─┐                              registry.rs
//! runs ──────compute-kpis──────────▶ kpi_snapshot_events ─┼─export-history─▶ CSV, HTML   kpis.rs, export.rs
//! two runs ──diff-runs─────────────▶ a change feed of each table                         diff/
//! ```
//!
//! Events are Parquet files that are appended and never changed (`events.rs`), described in `sql/history/contract.yml`;
//! `run_registry_latest` and `kpi_snapshot_latest` are views over them in `sql/history`, for DuckDB and Trino alike.

mod diff;
mod events;
mod export;
mod figure;
mod kpi_query;
mod kpis;
mod observation;
mod page;
mod registry;

pub use diff::{CHANGES_FILE, DiffRequest, TableDiff, WrittenDiff, diff_runs, kept_diff};
pub use export::export_history;
pub use kpis::{KpiOptions, Kpis};
pub use registry::update_registry;
