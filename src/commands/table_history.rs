//! `table-history`: shows the snapshots of an Iceberg table.

use std::process::ExitCode;

use clap::Parser;
use jiff::Timestamp;
use lake_catalog::Access;
use serde_json::{Value, json};

use super::LakeArgs;
use super::screen::columns;
use crate::tables::iceberg::{self, CatalogArgs, Tables};
use digdag_task::Call;

/// Show the snapshots of an Iceberg table, with their runs, tags and rows
///
/// Without --table it lists all tables with the location of their metadata.
#[derive(Debug, Parser)]
#[command(name = "table-history", version, after_help = EXAMPLE)]
pub struct TableHistory {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to show, such as silver.releases_v6 or releases_v6 [default: list all tables]
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
}

const EXAMPLE: &str = "\
Example:
  table-history --lake /data/lake --table releases_v6";

/// Runs `table-history`.
pub fn main() -> ExitCode {
    super::task(table_history)
}

/// Shows the snapshots of a table, oldest first, with their runs, refs and rows; or lists all tables.
///
/// # Errors
/// Fails if the lake has no catalog, or if the catalog has no such table.
fn table_history(parameters: TableHistory, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let mut tables = Tables::open(&lake, Access::Read, &parameters.catalog)?
        .ok_or_else(|| iceberg::no_tables(&lake, "run stage-tables for a sealed run"))?;
    let Some(name) = &parameters.table else { return list(&mut tables, call) };
    let table = tables.find(name)?;
    let refs = table.refs().map_err(anyhow::Error::new)?;
    let mut snapshots: Vec<_> = table.metadata().snapshots().collect();
    snapshots.sort_by_key(|snapshot| snapshot.sequence_number());
    let (mut rows, mut details) = (Vec::new(), Vec::new());
    for snapshot in snapshots {
        let id = snapshot.snapshot_id();
        let summary = &snapshot.summary().additional_properties;
        let of = |key: &str| summary.get(key).cloned().unwrap_or_default();
        let names: Vec<_> = refs.iter().filter(|it| it.snapshot_id == id).map(|it| it.name.clone()).collect();
        let time = Timestamp::from_millisecond(snapshot.timestamp_ms())?;
        let (run, total) = (of("discogs.run-id"), of("total-records"));
        rows.push(vec![id.to_string(), time.to_string(), run.clone(), total.clone(), names.join(" ")]);
        details.push(json!({
            "snapshot_id": id.to_string(), "time": time, "run_id": run, "rows": total.parse::<u64>().ok(),
            "refs": names, "schema_id": snapshot.schema_id(),
        }));
    }
    for line in columns(&rows, &[true, false, false, true, false]) {
        call.say(line);
    }
    call.set_detail("table", table.name().to_string());
    call.set_detail("metadata_location", table.metadata_location());
    call.set_metric("snapshots", details.len());
    call.set_detail("snapshots", Value::Array(details));
    Ok(())
}

fn list(tables: &mut Tables, call: &mut Call) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let mut details = Vec::new();
    let mut all = tables.named(&[])?;
    all.sort_by(|one, other| one.name().cmp(other.name()));
    for table in &all {
        let snapshots = table.metadata().snapshots().len();
        rows.push(vec![table.name().to_string(), snapshots.to_string(), table.metadata_location().to_owned()]);
        details.push(json!({
            "table": table.name().to_string(), "snapshots": snapshots, "metadata_location": table.metadata_location(),
        }));
    }
    for line in columns(&rows, &[false, true, false]) {
        call.say(line);
    }
    call.set_metric("tables", details.len());
    call.set_detail("tables", Value::Array(details));
    Ok(())
}
