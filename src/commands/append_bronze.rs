//! `append-bronze`: appends a file to a table of records as they came.

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use super::screen::counted;
use super::{LakeArgs, TextArgs};
use crate::own::{self, AppendRequest, Appended, Format, Input, Source, Target};
use crate::sql::EngineParameters;
use crate::tables::iceberg::{BronzeName, CatalogArgs};
use digdag_task::{Call, InputFile, TableCount};

/// Append a CSV, NDJSON, JSON or Parquet file to a bronze table, as it came
///
/// Every column is text under its own name, nested JSON as JSON. Beside them are ingestion_timestamp, source_system,
/// source_file, source_sha256, record_hash (MD5 of the row as a JSON object of texts, its names in order, without those that
/// have no value) and position. The first call creates the table, a file with new columns adds them, and a file that the
/// table has changes nothing. A CSV record may lack its last fields.
#[derive(Debug, Parser)]
#[command(name = "append-bronze", version, after_help = EXAMPLE)]
pub struct AppendBronze {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to append to, such as bronze.mine_collection
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: BronzeName,

    /// Input: a file, - for stdin, or an address of http, https or s3
    #[arg(long, value_name = "INPUT")]
    pub(crate) from: Source,

    /// Format of the input [default: as its name ends; .json is json]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// Name of the array that holds the records of a JSON object [default: the only array]
    #[arg(long, value_name = "NAME")]
    pub(crate) records: Option<String>,

    /// Name of the system that the file comes from, for the column source_system
    #[arg(long, value_name = "NAME", default_value = "file")]
    pub(crate) source_system: String,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  append-bronze --lake /data/lake --table bronze.mine_collection --from collection.csv
  append-bronze --lake /data/lake --table bronze.mine_pages --from page_1.json --source-system discogs-api";

/// Runs `append-bronze`.
pub fn main() -> ExitCode {
    super::task(append_bronze)
}

/// Appends a file to a table of records as they came.
///
/// # Errors
/// Fails if the file cannot be read, or has a column that the table cannot have, or if the catalog refuses the commit. The
/// table is unchanged then.
fn append_bronze(parameters: AppendBronze, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let table = parameters.table.0.clone();
    let request = AppendRequest {
        table: table.clone(),
        source_system: parameters.source_system.clone(),
        records: parameters.records.clone(),
    };
    let input = Input {
        source: &parameters.from,
        format: parameters.format,
        encoding: parameters.text.encoding,
        dialect: parameters.text.dialect(true)?,
    };
    let target = Target { lake: &lake, task: call.name(), catalog: &parameters.catalog };
    let report = own::append(&target, &input, &request, &parameters.engine, call)?;
    let input = &report.input;
    call.add_input(InputFile { path: input.name.clone().into(), sha256: input.sha256.clone(), bytes: input.bytes });
    call.set_detail("table", table.to_string());
    call.set_detail("columns_added", json!(report.columns_added));
    call.set_metric("rows", report.rows);
    call.set_metric("files_written", report.files);
    match report.outcome {
        Appended::Committed(snapshot) => {
            call.set_detail("snapshot_id", snapshot.to_string());
            let (name, files) = (table.to_string(), report.files as u64);
            call.add_table(TableCount { name, rows: report.rows, files, bytes: 0 });
            call.summary(format_args!("{table}: {}", counted(report.rows as usize, "row")));
        }
        Appended::SameInput => call.already_done_because(format!("{table} has this file")),
        Appended::NoRows => call.skipped("the file has no rows"),
    }
    Ok(())
}
