//! `query`: runs SQL over a run, from `sql/showcase_queries` or from the user.
//!
//! ```text
//! statement.rs ▸ Sandbox ▸ answer.rs (texts, JSON, Arrow) ▸ format.rs ▸ destination.rs (stdout, stderr, a file)
//! ```

mod answer;
mod destination;
mod format;
mod statement;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::commands::LakeArgs;
use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::own::mount_own;
use crate::sql::{DuckDb, EngineParameters, Sandbox, SandboxParameters};
use crate::tables::iceberg::{self, AsOf, CatalogArgs, OwnName, Tables, mount_as_of};
use crate::tables::mount_run;
use answer::Answer;
use destination::Destination;
use digdag_task::{Call, Failure, Scratch, Switch};
use format::Format;
use statement::{full_name, showcase_queries, statement};

/// Run SQL over a run
///
/// Runs a showcase query, a file or a statement on DuckDB, inside this process, over the tables and views of the active
/// run or of any run, the gold tables as gold.NAME, and your own as mine.NAME; nothing in the lake is changed. A terminal shows a table; `--format` writes the rows to stdout,
/// in place of the result line, and `--csv FILE` to a file. The SQL is one statement that reads, and reads no file
/// outside the lake.
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

    /// List the showcase queries
    #[arg(long)]
    pub(crate) list: Switch,

    #[command(flatten)]
    pub(crate) sandbox: SandboxParameters,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  query --lake /data/lake --name country_top
  query --lake /data/lake --sql 'FROM artists_v1_typed' --format csv > artists.csv";

/// Runs `query`.
pub fn main() -> ExitCode {
    super::task(query)
}

fn query(parameters: Query, call: &mut Call) -> anyhow::Result<()> {
    if parameters.list.is_on() {
        return list(call);
    }
    let (sql, origin) = statement(&parameters)?;
    let lake = parameters.lake.open()?;
    let destination = Destination::choose(parameters.csv.as_deref(), parameters.format)?;
    destination.reserve(call);
    let scratch = Scratch::of_the_system("discogs-query.")?;
    let engine = DuckDb::open(&parameters.engine, scratch.path())?;
    if let Some(id) = mount(&engine, &lake, &parameters, &sql)? {
        call.set_run_id(&id);
    }
    let sandbox = Sandbox::new(engine, lake.root(), parameters.sandbox)?;
    let mut answer = Answer::new(&sandbox, &sql, &origin)?;
    destination.write(&mut answer, parameters.raw.is_on())?;
    call.set_metric("rows", answer.rows);
    let noun = if answer.rows == 1 { "row" } else { "rows" };
    call.summary(format_args!("{} {noun}", answer.rows));
    Ok(())
}

/// Mounts the tables of a run, and under their namespaces those that are not of runs. Returns the run, or `None` if the
/// lake has tables of people's own and no published run.
fn mount(engine: &DuckDb, lake: &Lake, parameters: &Query, sql: &str) -> anyhow::Result<Option<RunId>> {
    let of_own = parameters.table.as_ref().zip(parameters.as_of.as_ref());
    if parameters.as_of.is_some() && parameters.run_id.is_some() && of_own.is_none() {
        return Err(Failure::parameters("parameters as_of and run_id: give one of them").into());
    }
    // A statement that does not name the schemas needs no catalog, and no password of one.
    let is_named = |name: &str| {
        let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word.eq_ignore_ascii_case(name))
    };
    let tables = match of_own.is_some() || ["bronze", "gold", "mine"].into_iter().any(is_named) {
        true => Tables::open(lake, lake_catalog::Access::Read, &parameters.catalog)?,
        false => None,
    };
    // The run that the call names; without one, tables that are computed from runs are read as they are.
    let named = match (&parameters.as_of, &parameters.run_id) {
        (Some(as_of), _) if of_own.is_none() => {
            Some(mount_as_of(engine, &mut tables_of(lake, &parameters.catalog)?, as_of, Some(sql))?)
        }
        (_, run) => run.clone(),
    };
    let own = match tables {
        Some(mut tables) => {
            let as_of = of_own.map(|(table, as_of)| (&table.0, as_of));
            mount_own(engine, &mut tables, as_of, named.as_ref(), is_named)?
        }
        None => 0,
    };
    if parameters.as_of.is_some() && of_own.is_none() {
        return Ok(named);
    }
    if named.is_none() && own > 0 && lake.active()?.is_none() {
        return Ok(None);
    }
    let id = named.map_or_else(|| lake.published(), Ok)?;
    mount_run(engine, &Contract::load()?, &lake.run(&id)?)?;
    Ok(Some(id))
}

/// Opens the lake's Iceberg tables for reading.
pub(super) fn tables_of(lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<Tables> {
    let tables = Tables::open(lake, lake_catalog::Access::Read, catalog)?;
    let hint = "run stage-tables for a sealed run, or name a run with --run-id";
    Ok(tables.ok_or_else(|| iceberg::no_tables(lake, hint))?)
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
