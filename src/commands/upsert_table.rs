//! `upsert-table`: upserts a file into a table of people's own.

use std::process::ExitCode;

use clap::Parser;
use lake_catalog::{PartitionBy, SortBy};
use serde_json::json;

use super::{LakeArgs, TextArgs};
use crate::own::{self, Declared, Format, Input, List, Mode, Outcome, Report, Request, Source, Target};
use crate::sql::EngineParameters;
use crate::tables::iceberg::{CatalogArgs, OwnName};
use digdag_task::{Call, InputFile, Switch, TableCount};

/// Upsert a CSV, NDJSON or Parquet file into an Iceberg table of your own
///
/// Rows replace those of the same key and add the others, in one commit: a reader sees the table before or after it. The
/// first call creates the table. Names of columns become lower case without spaces; types are inferred over the whole
/// input, or declared; new columns are added. Only the files that hold a key of the input are rewritten. The same input
/// again changes nothing.
#[derive(Debug, Parser)]
#[command(name = "upsert-table", version, after_help = EXAMPLE)]
pub struct UpsertTable {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to change, such as mine.inventory
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: OwnName,

    /// Input: a file, - for stdin, or an address of http, https or s3
    #[arg(long, value_name = "INPUT")]
    pub(crate) from: Source,

    /// Columns that tell rows apart, separated by commas [default: the key that the table has]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) key: Vec<String>,

    /// Effect of the rows on the table
    #[arg(long, value_enum, value_name = "MODE", default_value = "upsert")]
    pub(crate) mode: Mode,

    /// Format of the input [default: as its name ends]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    /// Types of columns, such as price=decimal(12,2),listed=date; the others are inferred
    #[arg(long, value_name = "COLUMN=TYPE,…", default_value = "")]
    pub(crate) declare: Declared,

    /// Rewrite the whole table in the same commit if a declared type is not a wider one
    #[arg(long)]
    pub(crate) rewrite: Switch,

    /// Keep the values of columns that the input lacks
    #[arg(long)]
    pub(crate) partial: Switch,

    /// Columns whose largest value wins among rows of one key [default: the last row wins]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) order_by: Vec<String>,

    /// Partitions of a new table: COLUMN, day(COLUMN), month(COLUMN), year(COLUMN), bucket(N, COLUMN), truncate(N, COLUMN)
    #[arg(long, value_name = "PARTITION,…", default_value = "none")]
    pub(crate) partition: List<PartitionBy>,

    /// Order of rows in the files of a new table, such as artist,price desc [default: the key]
    #[arg(long, value_name = "COLUMN,…", default_value = "none", hide_default_value = true)]
    pub(crate) sort: List<SortBy>,

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
  upsert-table --lake /data/lake --table mine.inventory --from inventory.csv --key listing_id
  upsert-table --lake /data/lake --table mine.inventory --from sold.csv --mode delete";

/// Runs `upsert-table`.
pub fn main() -> ExitCode {
    super::task(upsert_table)
}

/// Upserts an input into a table, in one commit.
///
/// # Errors
/// Fails if the input cannot be read, or has a value that does not fit the table, which the message names by row and
/// column; or if the catalog refuses the commit. The table is unchanged then.
pub(super) fn upsert_table(parameters: UpsertTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let request = Request {
        table: parameters.table.0.clone(),
        mode: parameters.mode,
        key: parameters.key.clone(),
        declared: parameters.declare.clone(),
        partial: parameters.partial.is_on(),
        order_by: parameters.order_by.clone(),
        rewrite: parameters.rewrite.is_on(),
        dry_run: parameters.dry_run.is_on(),
        partition: parameters.partition.0.clone(),
        sort: parameters.sort.0.clone(),
        winner: None,
    };
    let input = Input {
        source: &parameters.from,
        format: parameters.format,
        encoding: parameters.text.encoding,
        dialect: parameters.text.dialect(false)?,
    };
    let target = Target { lake: &lake, task: call.name(), catalog: &parameters.catalog };
    let report = own::upsert(&target, &input, &request, &parameters.engine, call)?;
    tell(&report, &request, call);
    Ok(())
}

fn tell(report: &Report, request: &Request, call: &mut Call) {
    let (input, counts, columns) = (&report.input, &report.counts, &report.columns);
    call.add_input(InputFile { path: input.name.clone().into(), sha256: input.sha256.clone(), bytes: input.bytes });
    for (from, to) in &report.renamed {
        call.detail(format_args!("column {from:?} is {to}"));
    }
    call.set_detail("table", request.table.to_string());
    call.set_detail("renamed", json!(report.renamed.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()));
    call.set_detail("columns_added", json!(if report.is_new { &[][..] } else { &columns.added[..] }));
    call.set_detail("columns_widened", json!(columns.widened));
    call.set_detail("columns_rewritten", json!(columns.rewritten));
    for (name, count) in [
        ("rows", counts.input),
        ("duplicates", counts.duplicates),
        ("inserted", counts.inserted),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("deleted", counts.deleted),
    ] {
        call.set_metric(name, count);
    }
    let [written, removed, kept] = report.files;
    call.set_metric("files_written", written);
    call.set_metric("files_removed", removed);
    call.set_metric("files_kept", kept);
    let changes = format!(
        "{} inserted, {} updated, {} unchanged, {} deleted, {} duplicates",
        counts.inserted, counts.updated, counts.unchanged, counts.deleted, counts.duplicates
    );
    match report.outcome {
        Outcome::Committed(snapshot) => {
            call.set_detail("snapshot_id", snapshot.to_string());
            let table = request.table.to_string();
            call.add_table(TableCount {
                name: table,
                rows: counts.inserted + counts.updated,
                files: written as u64,
                bytes: 0,
            });
            call.summary(format_args!("{}: {changes}; {written} files written, {kept} kept", request.table));
        }
        Outcome::SameInput => call.already_done_because(format!("{} has this input", request.table)),
        Outcome::NoChange => {
            call.already_done_because(format!("no row of {} differs from the input: {changes}", request.table));
        }
        Outcome::DryRun => call.skipped(format!("dry_run: {} would have {changes}", request.table)),
    }
}
