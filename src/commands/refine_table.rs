//! `refine-table`: refines the records of a bronze table into a table of people's own, as a declaration says.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use super::LakeArgs;
use crate::own::Target;
use crate::own::refine::{Declaration, Outcome, RefineRequest, refine};
use crate::sql::EngineParameters;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Switch, TableCount};

/// Refine the records of a bronze table into a table of your own, as a declaration says
///
/// Reads the rows that came since the last call, makes typed values of their texts, checks them, and merges them by key.
/// Rows that a column rejects go to the table with _rejected behind its name, with the column and the reason; both tables
/// are committed together. If more rows are rejected than the declaration allows, the task ends with 3 and commits nothing.
/// A changed declaration refines all rows again.
#[derive(Debug, Parser)]
#[command(name = "refine-table", version, after_help = EXAMPLE)]
pub struct RefineTable {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// File of the declaration, such as examples/refine/collection.yml
    #[arg(long, value_name = "FILE")]
    pub(crate) declaration: PathBuf,

    /// Count what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  refine-table --lake /data/lake --declaration examples/refine/collection.yml";

/// Runs `refine-table`.
pub fn main() -> ExitCode {
    super::task(refine_table)
}

/// Refines the rows that came since the last refinement.
///
/// # Errors
/// Fails if the declaration contradicts itself or names a column that the source lacks, if too many rows are rejected, or if
/// the catalog refuses the commit. No table is changed then.
fn refine_table(parameters: RefineTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let declaration = Declaration::read(&parameters.declaration)?;
    let request =
        RefineRequest { declaration: &declaration, file: &parameters.declaration, dry_run: parameters.dry_run.is_on() };
    let target = Target { lake: &lake, task: call.name(), catalog: &parameters.catalog };
    let refined = refine(&target, &request, &parameters.engine, call)?;
    let (table, counts) = (&refined.table, &refined.counts);
    call.set_detail("table", table.to_string());
    call.set_detail("whole", refined.is_whole);
    call.set_detail("rejected", json!(refined.reasons));
    for (name, count) in [
        ("rows", refined.rows),
        ("rejected_rows", refined.rejected),
        ("duplicates", counts.duplicates),
        ("inserted", counts.inserted),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("deleted", counts.deleted),
    ] {
        call.set_metric(name, count);
    }
    let changes = format!(
        "{} inserted, {} updated, {} unchanged, {} rejected, {} duplicates",
        counts.inserted, counts.updated, counts.unchanged, refined.rejected, counts.duplicates
    );
    match refined.outcome {
        Outcome::Committed(snapshot) => {
            call.set_detail("snapshot_id", snapshot.to_string());
            let (rows, files) = (counts.inserted + counts.updated, refined.files as u64);
            call.add_table(TableCount { name: table.to_string(), rows, files, bytes: 0 });
            call.summary(format_args!("{table}: {changes}"));
        }
        Outcome::UpToDate => call.already_done_because(format!("{table} has the rows of {}", declaration.source)),
        Outcome::DryRun => call.skipped(format!("dry_run: {table} would have {changes}")),
    }
    Ok(())
}
