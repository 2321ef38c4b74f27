//! The sandbox for a user's SQL: one statement, which only reads, and only from the lake.
//!
//! Every task that takes such SQL (`query`, `compute-kpis --kpi-folder`) runs it through a [`Sandbox`]. DuckDB enforces
//! the limits itself: a guard statement accepts nothing but a single query, file functions are confined to
//! `allowed_directories`, and the configuration is locked, so no statement can lift them. DuckDB compares path names
//! and follows symbolic links, so a lake with a link that leads out of it is refused.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use walkdir::WalkDir;

use super::statement::run;
use super::{DuckDb, Engine, Prepared, SqlFile, text_literal};
use digdag_task::{Failure, Switch};

/// The hint behind every refusal of a file outside the lake.
pub(super) const FILES_HINT: &str =
    "SQL reads only what lies in the lake; --allow-files=true lets this statement read other files";

/// The hint behind every refusal of a statement that does more than read.
const READS_HINT: &str = "give one SELECT, DESCRIBE, SHOW or SUMMARIZE";

/// Functions that a query may call and that change DuckDB's state, write files (logs, profiles), or run a text as SQL
/// without a check of the functions in it, or tell about logins. `lock_configuration` of DuckDB 1.5.5 does not cover them.
const REFUSED_FUNCTIONS: [&str; 14] = [
    "checkpoint",
    "disable_logging",
    "disable_peg_parser",
    "disable_profiling",
    "duckdb_secrets",
    "enable_logging",
    "enable_peg_parser",
    "enable_profiling",
    "force_checkpoint",
    "json_execute_serialized_sql",
    "query",
    "truncate_duckdb_logs",
    "which_secret",
    "write_log",
];

/// The limits of a user's SQL.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct SandboxParameters {
    /// Let the SQL read files outside the lake (read_csv, read_parquet, read_text, FROM 'file')
    #[arg(long)]
    pub allow_files: Switch,
}

/// A DuckDB with a locked configuration, for a user's SQL.
pub struct Sandbox {
    engine: DuckDb,
}

impl Sandbox {
    /// Locks an engine so that statements read only files below `lake` and these objects, or any file with `allow_files`.
    ///
    /// # Errors
    /// Fails if a symbolic link in the lake leads out of it, or if DuckDB refuses a setting.
    pub fn new(engine: DuckDb, lake: &Path, objects: &[String], parameters: SandboxParameters) -> anyhow::Result<Self> {
        if !parameters.allow_files.is_on() {
            if let Some((link, target)) = link_out_of(lake)? {
                let message = format!("{} links to {}, outside the lake", link.display(), target.display());
                return Err(Failure::parameters(message)
                    .hint("remove the link, or let SQL read files outside the lake with --allow-files=true")
                    .into());
            }
            let folder = text_literal(&lake.to_string_lossy());
            let allowed = SqlFile::load("sandbox/allowed_directories")?;
            engine.execute(&allowed.with(&[("folder", &folder)]), &allowed.path)?;
            if !objects.is_empty() {
                let paths: Vec<_> = objects.iter().map(|location| text_literal(location)).collect();
                run(&engine, "sandbox/allowed_paths", &[("paths", &paths.join(", "))])?;
            }
            engine.execute_file("sandbox/no_external_access")?;
        }
        engine.execute_file("sandbox/lock_configuration")?;
        Ok(Sandbox { engine })
    }

    /// Returns the locked engine, for statements of this project.
    pub fn engine(&self) -> &DuckDb {
        &self.engine
    }

    /// Prepares a statement and does not run it.
    ///
    /// # Errors
    /// Fails unless `sql` is a single SELECT, DESCRIBE, SHOW or SUMMARIZE that DuckDB can bind within the sandbox.
    /// `origin` names the statement in messages.
    pub fn prepare(&self, sql: &str, origin: &str) -> anyhow::Result<Prepared<'_>> {
        let statement = text_literal(sql);
        let guard = SqlFile::load("sandbox/one_select")?;
        self.engine.prepare(&guard.with(&[("statement", &statement)]), origin).map_err(of_statement)?;
        let functions = SqlFile::load("sandbox/functions_called")?;
        let called = self.engine.rows(&functions.with(&[("statement", &statement)]), origin)?;
        let mut called = called.into_iter().flatten().flatten();
        if let Some(name) = called.find(|name| REFUSED_FUNCTIONS.contains(&name.as_str())) {
            return Err(Failure::parameters(format!("{origin}: the function {name} is refused here"))
                .hint(READS_HINT)
                .into());
        }
        self.engine.prepare(sql, origin).map_err(of_statement)
    }

    /// Like [`Sandbox::prepare`], with every column as DuckDB's own text of its value.
    ///
    /// # Errors
    /// Fails like [`Sandbox::prepare`].
    pub fn prepare_as_text(&self, sql: &str, origin: &str) -> anyhow::Result<Prepared<'_>> {
        self.prepare_within("sandbox/as_text", sql, origin)
    }

    /// Like [`Sandbox::prepare`], with one column: the row as a JSON object.
    ///
    /// # Errors
    /// Fails like [`Sandbox::prepare`].
    pub fn prepare_as_json(&self, sql: &str, origin: &str) -> anyhow::Result<Prepared<'_>> {
        self.prepare_within("sandbox/as_json", sql, origin)
    }

    /// Returns the columns of a SELECT, in order.
    ///
    /// # Errors
    /// Fails for the statements that DuckDB cannot describe: DESCRIBE, SHOW and SUMMARIZE.
    pub fn columns(&self, sql: &str, origin: &str) -> anyhow::Result<Vec<Column>> {
        drop(self.prepare(sql, origin)?);
        let described = SqlFile::load("sandbox/columns")?.with(&[("statement", sql)]);
        let rows = self.engine.rows(&described, origin)?;
        let column = |row: Vec<Option<String>>| match row.as_slice() {
            [Some(name), Some(kind), ..] => Some(Column { name: name.clone(), kind: kind.clone() }),
            _ => None,
        };
        rows.into_iter().map(column).collect::<Option<_>>().context("DuckDB describes a column without a name")
    }

    /// Runs a statement and returns its plan, with the rows and the time of each step.
    ///
    /// # Errors
    /// Fails like [`Sandbox::prepare`], or with DuckDB's error.
    pub fn explain(&self, sql: &str, origin: &str) -> anyhow::Result<String> {
        drop(self.prepare(sql, origin)?);
        let mut explained = SqlFile::load("sandbox/explained")?;
        // The plan begins with the statement, in which the comment of the file is of no use.
        explained.text = explained.text.lines().filter(|line| !line.starts_with("--")).collect();
        let rows = self.engine.rows(&explained.with(&[("statement", sql)]), origin)?;
        rows.into_iter().next().and_then(|row| row.into_iter().nth(1)?).context("DuckDB returned no plan")
    }

    fn prepare_within(&self, file: &str, sql: &str, origin: &str) -> anyhow::Result<Prepared<'_>> {
        drop(self.prepare(sql, origin)?);
        let outer = SqlFile::load(file)?.with(&[("statement", &text_literal(sql))]);
        self.engine.prepare(&outer, origin).map_err(of_statement)
    }
}

/// A column of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, as the statement gives it.
    pub name: String,
    /// DuckDB's name of the type.
    pub kind: String,
}

/// Classifies an error of preparing as one of the user's statement, without the lines that quote the guard, which the
/// user did not write.
fn of_statement(error: anyhow::Error) -> anyhow::Error {
    if error.downcast_ref::<Failure>().is_some() {
        return error;
    }
    let text = error.to_string();
    let message = text.split("\nLINE ").next().unwrap_or(&text).trim_end();
    let failure = Failure::parameters(message);
    match message.contains("Expected a single SELECT statement") {
        true => failure.hint(READS_HINT).into(),
        false => failure.into(),
    }
}

/// Returns the first symbolic link below a folder that leads out of it, and its target.
fn link_out_of(folder: &Path) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let root = std::fs::canonicalize(folder).with_context(|| format!("cannot open {}", folder.display()))?;
    for entry in WalkDir::new(&root) {
        // The SQL cannot read a file that another task has just removed, nor a folder that this user may not list.
        let Ok(entry) = entry else { continue };
        if !entry.path_is_symlink() {
            continue;
        }
        // The SQL cannot read through a dangling link either.
        match std::fs::canonicalize(entry.path()) {
            Ok(target) if !target.starts_with(&root) => return Ok(Some((entry.into_path(), target))),
            _ => {}
        }
    }
    Ok(None)
}
