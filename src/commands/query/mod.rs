//! `query`: runs SQL over a run, from `sql/showcase_queries` or from the user.
//!
//! ```text
//! statement.rs ▸ src/query/ (tables, sandbox, formats) ▸ destination.rs (stdout, stderr, a file)
//!                                                     ▸ explain.rs (the plan, and the files that are read)
//! ```

mod destination;
mod explain;
mod statement;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::commands::LakeArgs;
use crate::lake::RunId;
use crate::own::Pins;
use crate::query::{Answer, Format, Mounted, State, mount};
use crate::sql::{DuckDb, EngineParameters, ObjectParameters, SandboxParameters};
use crate::store::WarehouseArgs;
use crate::tables::iceberg::{AsOf, CatalogArgs, OwnName};
use destination::Destination;
use digdag_task::{Call, Failure, Scratch, Switch};
use explain::explain;
use statement::{full_name, showcase_queries, statement};

/// Run SQL over a run
///
/// Runs a showcase query, a file or a statement on DuckDB, inside this process, over the tables and views of the active
/// run or of any run, the bronze and gold tables as bronze.NAME and gold.NAME, and your own as mine.NAME; nothing in the lake is changed. table_sizes, table_files,
/// table_snapshots and table_schema_versions are about the lake's Iceberg tables. A terminal shows a table; `--format` writes the
/// rows to stdout, in place of the result line, and `--csv FILE` to a file. The SQL is one statement that reads, and reads
/// no file outside the lake.
///
/// A run that is left in the warehouse alone is read there, by ranges; from_warehouse=true reads any run there. The statement
/// then reads the objects of that run and no others.
#[derive(Debug, Parser)]
#[command(name = "query", version, after_help = EXAMPLE)]
pub struct Query {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// The run to ask [default: what active points at]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    /// State of the tables to read: a month (2026-10), a run, a time (2026-11-20T12:00:00Z), a day, or a snapshot id
    #[arg(long, value_name = "WHEN")]
    pub(crate) as_of: Option<AsOf>,

    /// Table of your own that as_of is about, such as mine.inventory; all others are read as they are
    #[arg(long, value_name = "TABLE", requires = "as_of")]
    pub(crate) table: Option<OwnName>,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    /// Showcase query, by its name or the end of it, such as country_top
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// File with one SQL statement that only reads
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub(crate) sql_file: Option<PathBuf>,

    /// One SQL statement that only reads
    #[arg(long, value_name = "SQL", conflicts_with_all = ["name", "sql_file"], allow_hyphen_values = true)]
    pub(crate) sql: Option<String>,

    /// Format of the rows on stdout [default: table, on stdout if it is a terminal, else on stderr]
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "csv")]
    pub(crate) format: Option<Format>,

    /// Write all rows to this file as CSV, outside the lake's runs; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Keep cells of a CSV as they are that a spreadsheet would run as formulas, instead of an apostrophe before them
    #[arg(long, env = "DISCOGS_RAW_CELLS")]
    pub raw: Switch,

    /// Show, in place of the rows, the files of each table that the statement reads and leaves out, and DuckDB's plan with
    /// the rows and the time of each step, for which the statement is run
    #[arg(long)]
    pub(crate) explain: Switch,

    /// List the showcase queries
    #[arg(long)]
    pub(crate) list: Switch,

    /// Read the run in the warehouse, not in the lake; without run_id the one that active.json names
    #[arg(long, conflicts_with = "as_of")]
    pub(crate) from_warehouse: Switch,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectParameters,

    #[command(flatten)]
    pub(crate) sandbox: SandboxParameters,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  query --lake /data/lake --name country_top
  query --lake /data/lake --sql 'FROM artists_v1_typed' --format csv > artists.csv
  query --lake /data/lake --sql 'SELECT layer, SUM(size_bytes) AS size_bytes FROM table_sizes GROUP BY layer'";

/// Runs `query`.
pub fn main() -> ExitCode {
    super::task(query)
}

fn query(parameters: Query, call: &mut Call) -> anyhow::Result<()> {
    if parameters.list.is_on() {
        return list(call);
    }
    let (sql, origin) = statement(&parameters)?;
    let is_explained = parameters.explain.is_on();
    if is_explained && (parameters.format.is_some() || parameters.csv.is_some()) {
        return Err(Failure::parameters("parameter explain: shows no rows, so it takes neither format nor csv")
            .hint("leave out one of them")
            .into());
    }
    let lake = parameters.lake.open()?;
    let destination = Destination::choose(parameters.csv.as_deref(), parameters.format)?;
    if !is_explained {
        destination.reserve(call);
    }
    let scratch = Scratch::of_the_system("discogs-query.")?;
    let engine = DuckDb::open(&parameters.engine, scratch.path())?;
    let state = State {
        run_id: parameters.run_id.clone(),
        as_of: parameters.as_of.clone(),
        table: parameters.table.as_ref().map(|table| table.0.clone()),
        pins: Pins::new(),
        catalog: parameters.catalog.reaching(&parameters.warehouse),
        warehouse: parameters.warehouse.clone(),
        from_warehouse: parameters.from_warehouse.is_on(),
        objects: parameters.objects.clone(),
    };
    let mounted = mount(engine, &lake, &state, &sql, parameters.sandbox, &call.observer())?;
    let Mounted { sandbox, run, read, warehouse, .. } = mounted;
    if let Some(warehouse) = warehouse {
        call.set_detail("warehouse", warehouse);
    }
    if let Some(id) = &run {
        call.set_run_id(id);
    }
    if is_explained {
        return explain(&sandbox, (sql.as_str(), origin.as_str()), read.as_deref(), call);
    }
    let mut answer = Answer::new(&sandbox, &sql, &origin).map_err(refused)?;
    destination.write(&mut answer, parameters.raw.is_on())?;
    call.set_metric("rows", answer.rows);
    let noun = if answer.rows == 1 { "row" } else { "rows" };
    call.summary(format_args!("{} {noun}", answer.rows));
    Ok(())
}

/// Adds a hint at the showcase queries to a failure of the statement that has no hint. Any other error is unchanged.
fn refused(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.hint.is_none() => {
            failure.hint("query --list names the showcase queries; their SQL is in sql/showcase_queries").into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

fn list(call: &mut Call) -> anyhow::Result<()> {
    let files = showcase_queries()?;
    for file in &files {
        let about = file.text.lines().next().unwrap_or_default().trim_start_matches("--").trim();
        call.say(format_args!("{}: {about}", full_name(file)));
    }
    call.set_metric("queries", files.len());
    Ok(())
}
