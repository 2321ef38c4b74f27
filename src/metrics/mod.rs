//! The state of a lake as Prometheus metrics: tables, the published run, and how long writes took.
//!
//! ```text
//! catalog ─▶ tables.rs ─┐
//! runs ────▶ runs.rs ───┴▶ a registry ─▶ Prometheus' text format
//! ```

mod runs;
mod tables;

use lake_catalog::Access;
use prometheus::core::Collector;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, Opts, Registry, TextEncoder};

use crate::lake::Lake;
use crate::tables::iceberg::{CatalogArgs, Tables};

/// Upper bounds of the buckets of write times, in seconds.
const SECONDS: [f64; 11] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0];

/// Returns the metrics of a lake in Prometheus' text format.
///
/// # Errors
/// Fails if the lake or its catalog cannot be read.
pub fn gather(lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<String> {
    let registry = Registry::new();
    let writes = registered(
        &registry,
        HistogramVec::new(
            HistogramOpts::new(
                "storage_write_duration_seconds",
                "How long the writes took that runs and snapshots in the lake record, commit excluded",
            )
            .buckets(SECONDS.to_vec()),
            &["layer", "operation"],
        )?,
    )?;
    if let Some(mut tables) = Tables::open(lake, Access::Read, catalog)? {
        tables::observe(&registry, &writes, &tables.all()?)?;
    }
    runs::observe(&registry, &writes, lake)?;
    Ok(TextEncoder::new().encode_to_string(&registry.gather())?)
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> anyhow::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// Returns a registered gauge.
fn gauge(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> anyhow::Result<GaugeVec> {
    registered(registry, GaugeVec::new(Opts::new(name, help), labels)?)
}
