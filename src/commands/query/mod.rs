//! Queries over a run: those of `sql/showcase_queries`, or anybody's.

mod csv_file;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::commands::LakeArgs;
use crate::contract::Contract;
use crate::lake::{RunId, output_file};
use crate::sql::{Batches, DuckDb, EngineParameters, Rows, Sandbox, SandboxParameters, SqlFile, texts};
use crate::tables::mount_run;
use digdag_task::{Call, Failure, Scratch, Switch};

const SHOWCASE: &str = "showcase_queries";

/// Rows shown on stderr; a file given with `csv` gets them all.
const ROWS_SHOWN: usize = 40;

/// Run SQL over a run
///
/// Runs a showcase query, a file or a statement on DuckDB, inside this process, over the tables and views of the active run or
/// of any run. Shows the rows on stderr, or writes them to a CSV file; nothing in the lake is changed.
#[derive(Debug, Parser)]
#[command(name = "query", version, after_help = EXAMPLE)]
pub struct Query {
    #[command(flatten)]
    pub lake: LakeArgs,

    /// The run to ask [default: what active points at]
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<RunId>,

    /// A showcase query by its name or the end of it, such as 01_dataset_overview
    #[arg(long, value_name = "NAME", required_unless_present_any = ["sql_file", "sql", "list"])]
    pub name: Option<String>,

    /// A file with one SQL statement that only reads
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub sql_file: Option<PathBuf>,

    /// The statement itself
    #[arg(long, value_name = "SQL", conflicts_with_all = ["name", "sql_file"])]
    pub sql: Option<String>,

    /// Write all rows to this file as CSV, instead of a table on stderr; outside of the lake's runs
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// List the showcase queries
    #[arg(long)]
    pub list: Switch,

    #[command(flatten)]
    pub sandbox: SandboxParameters,

    #[command(flatten)]
    pub engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  query --lake /data/lake --name 01_dataset_overview";

/// Runs `query`.
pub fn main() -> ExitCode {
    super::task(query)
}

/// Runs a query on DuckDB over a run's tables and views, and shows its rows.
fn query(parameters: Query, call: &mut Call) -> anyhow::Result<()> {
    if parameters.list.is_on() {
        return list(call);
    }
    let (sql, origin) = statement(&parameters)?;
    let lake = parameters.lake.open()?;
    let id = match parameters.run_id {
        Some(id) => id,
        None => lake.published()?,
    };
    call.set_run_id(&id);
    let csv = parameters.csv.as_deref().map(output_file).transpose()?;
    let scratch = Scratch::of_the_system("discogs-query.")?;
    let engine = DuckDb::open(&parameters.engine, scratch.path())?;
    mount_run(&engine, &Contract::load()?, &lake.run(&id)?)?;
    let sandbox = Sandbox::new(engine, lake.root(), parameters.sandbox)?;
    let mut answer = Answer(sandbox.prepare(&sql, &origin).map_err(refused)?.run()?);
    let rows = match csv {
        Some(output) => csv_file::write(&output, &mut answer)?,
        None => show(&mut answer)?,
    };
    call.set_metric("rows", rows);
    call.summary(format_args!("{rows} rows"));
    Ok(())
}

/// The rows of a query on their way to people.
struct Answer<'e>(Batches<'e>);

impl Answer<'_> {
    fn header(&self) -> Vec<String> {
        self.0.columns()
    }

    fn next_rows(&mut self) -> anyhow::Result<Option<Rows>> {
        self.0.next_batch()?.map(|batch| texts(&batch)).transpose()
    }
}

/// Adds where to look for statements that work. An error that is not of the statement stays as it is.
fn refused(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.hint.is_none() => {
            failure.hint("query --list names the showcase queries; their SQL is in sql/showcase_queries").into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

fn statement(parameters: &Query) -> anyhow::Result<(String, String)> {
    if let Some(sql) = &parameters.sql {
        return Ok((sql.clone(), "the given SQL".to_owned()));
    }
    if let Some(path) = &parameters.sql_file {
        let read = fs::read_to_string(path);
        let text = read.map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
        return Ok((text, path.display().to_string()));
    }
    let name = parameters.name.clone().unwrap_or_default();
    let wanted = format!("/{}.sql", name.trim_end_matches(".sql"));
    let found = SqlFile::below(SHOWCASE)?.into_iter().find(|file| file.path.ends_with(&wanted)).ok_or_else(|| {
        Failure::parameters(format!("parameter name: there is no showcase query {name:?}"))
            .hint("query --list names them")
    })?;
    Ok((found.text, found.path))
}

fn list(call: &mut Call) -> anyhow::Result<()> {
    let files = SqlFile::below(SHOWCASE)?;
    for file in &files {
        let about = file.text.lines().next().unwrap_or_default().trim_start_matches("--").trim();
        call.say(format_args!(
            "{}: {about}",
            file.path.trim_start_matches("sql/showcase_queries/").trim_end_matches(".sql")
        ));
    }
    call.set_metric("queries", files.len());
    Ok(())
}

/// A table for people. stdout is the result's. Gives how many rows there are.
fn show(answer: &mut Answer<'_>) -> anyhow::Result<usize> {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(answer.header());
    let mut count = 0;
    while let Some(rows) = answer.next_rows()? {
        for row in rows.iter().take(ROWS_SHOWN.saturating_sub(count)) {
            table.add_row(row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")));
        }
        count += rows.len();
    }
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{table}");
    if count > ROWS_SHOWN {
        let _ = writeln!(stderr, "{} more rows; --csv FILE writes them all", count - ROWS_SHOWN);
    }
    Ok(count)
}
