//! `table-history`: shows the snapshots of an Iceberg table.

use std::process::ExitCode;

use clap::Parser;
use lake_catalog::Access;
use serde_json::{Value, json};

use super::LakeArgs;
use super::screen::columns;
use crate::tables::iceberg::{self, CatalogArgs, SnapshotDescription, Tables};
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
    let snapshots = SnapshotDescription::all(&table)?;
    let row = |snapshot: &SnapshotDescription| {
        let rows = snapshot.rows.map(|rows| rows.to_string()).unwrap_or_default();
        let (id, time) = (snapshot.snapshot_id.clone(), snapshot.time.to_string());
        vec![id, time, snapshot.run_id.clone(), rows, snapshot.refs.join(" ")]
    };
    for line in columns(&snapshots.iter().map(row).collect::<Vec<_>>(), &[true, false, false, true, false]) {
        call.say(line);
    }
    call.set_detail("table", table.name().to_string());
    call.set_detail("metadata_location", table.metadata_location());
    call.set_metric("snapshots", snapshots.len());
    call.set_detail("snapshots", serde_json::to_value(snapshots)?);
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
