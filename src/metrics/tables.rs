//! The metrics of Iceberg tables, from the summaries of their snapshots: no manifest is read.

use lake_catalog::{Snapshot, Table};
use prometheus::{HistogramVec, Registry};

use super::gauge;
use crate::tables::iceberg::{REJECTED, SECONDS, TASK};

const LABELS: [&str; 2] = ["layer", "table"];

/// Adds the metrics of tables to a registry.
///
/// # Errors
/// Fails if a metric has been registered already.
pub fn observe(registry: &Registry, writes: &HistogramVec, tables: &[Table]) -> anyhow::Result<()> {
    let gauge = |name, help| gauge(registry, name, help, &LABELS);
    let size = gauge("storage_table_size_bytes", "Bytes of the files of the current snapshot")?;
    let rows = gauge("storage_table_rows_count", "Rows of the current snapshot, before delete files are applied")?;
    let files = gauge("storage_table_files", "Data files of the current snapshot")?;
    let deletes = gauge("storage_table_delete_files", "Delete files of the current snapshot")?;
    let mean = gauge("storage_table_mean_file_size_bytes", "Mean size of the files of the current snapshot")?;
    let snapshots = gauge("storage_snapshot_count", "Snapshots of the table")?;
    let rejected = gauge("storage_rejected_rows", "Rows that the newest refinement of the table rejected")?;
    for table in tables {
        let labels = [table.name().namespace.as_str(), table.name().name.as_str()];
        let metadata = table.metadata();
        snapshots.with_label_values(&labels).set(metadata.snapshots().len() as f64);
        let current = metadata.current_snapshot().map(|snapshot| &**snapshot);
        let total = |name: &str| current.and_then(|current| number(current, name)).unwrap_or(0.0);
        size.with_label_values(&labels).set(total("total-files-size"));
        rows.with_label_values(&labels).set(total("total-records"));
        files.with_label_values(&labels).set(total("total-data-files"));
        deletes.with_label_values(&labels).set(total("total-delete-files"));
        if total("total-data-files") > 0.0 {
            mean.with_label_values(&labels).set(total("total-files-size") / total("total-data-files"));
        }
        // Upkeep and other writers commit without it.
        let refined = metadata.current_snapshot_id().map(|id| table.ancestors(id)).unwrap_or_default();
        if let Some(count) = refined.iter().rev().find_map(|snapshot| number(snapshot, REJECTED)) {
            rejected.with_label_values(&labels).set(count);
        }
        for snapshot in metadata.snapshots() {
            let task = snapshot.summary().additional_properties.get(TASK);
            if let (Some(task), Some(seconds)) = (task, number(snapshot, SECONDS)) {
                writes.with_label_values(&[labels[0], task.as_str()]).observe(seconds);
            }
        }
    }
    Ok(())
}

fn number(snapshot: &Snapshot, name: &str) -> Option<f64> {
    snapshot.summary().additional_properties.get(name)?.parse().ok()
}
