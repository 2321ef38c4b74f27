//! A lake in a folder of this machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use digdag_task::{Failure, Finished};
use discogs_lakehouse::commands::OpenLake;
use discogs_lakehouse::commands::lakeshell::LakeShell;
use discogs_lakehouse::query::State;
use discogs_lakehouse::sql::Cancellation;
use discogs_lakehouse::tables::iceberg::AsOf;
use serde::Serialize;
use serde_json::Value;

use super::{Changed, Lake, Names, Output};

/// Parameters of the tasks that a command gives itself, or that hold for the whole shell.
const RESERVED: [&str; 12] = [
    "lake",
    "table",
    "from",
    "to",
    "changes",
    "params",
    "result",
    "verbose",
    "catalog",
    "catalog-password-file",
    "memory-limit",
    "threads",
];

/// A lake in a folder of this machine.
pub struct Local {
    lake: OpenLake,
    cancellation: Cancellation,
    /// The state of the whole lake that is read, and in words.
    past: Option<(String, State)>,
    /// The snapshots of single tables that are read, and the states in words.
    tables: BTreeMap<String, (String, State)>,
    /// The last statement, and the state that it read.
    last: Option<(String, State)>,
}

impl Local {
    /// Opens the lake of a command line.
    ///
    /// # Errors
    /// Fails if the folder is missing or is not a lake.
    pub fn open(parameters: &LakeShell) -> anyhow::Result<Self> {
        let folder: PathBuf = parameters.lake.clone().ok_or_else(|| {
            Failure::parameters("parameter lake is missing")
                .hint("name the lake: lakeshell --lake /data/lake, or --url http://127.0.0.1:8099")
        })?;
        let cancellation = parameters.engine.cancellation.clone();
        let lake = OpenLake::open(&folder, parameters.catalog.clone(), parameters.sandbox, parameters.engine.clone())?;
        Ok(Local { lake, cancellation, past: None, tables: BTreeMap::new(), last: None })
    }

    /// Returns the switch that cancels the command that runs.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Returns the lake in words.
    pub fn place(&self) -> String {
        let root = self.lake.lake().root().display();
        match self.lake.lake().active() {
            Ok(Some(run)) => format!("{root}, run {run}"),
            _ => format!("{root}, in which no run is published"),
        }
    }

    /// Returns the state that statements read.
    fn state(&self) -> State {
        let mut state = self.past.as_ref().map(|(_, state)| state.clone()).unwrap_or_default();
        for (_, of_table) in self.tables.values() {
            state.pins.extend(of_table.pins.clone());
        }
        state
    }

    fn write(&mut self, sql: &str, state: &State, output: &mut Output<'_>) -> anyhow::Result<usize> {
        let mut rows = 0;
        let again = self.lake.select(sql, state, |answer| {
            let written = output.write(answer);
            rows = answer.rows();
            written
        })?;
        self.last = Some((sql.to_owned(), again));
        Ok(rows)
    }
}

impl Lake for Local {
    fn select(&mut self, sql: &str, output: &mut Output<'_>) -> anyhow::Result<usize> {
        let state = self.state();
        self.write(sql, &state, output)
    }

    fn select_again(&mut self, output: &mut Output<'_>) -> anyhow::Result<usize> {
        let (sql, state) = self.last.clone().ok_or_else(|| Failure::parameters("no statement was run yet"))?;
        self.write(&sql, &state, output)
    }

    fn insert(&mut self, table: &str, file: &str, options: &[(String, String)]) -> anyhow::Result<Changed> {
        if file == "-" {
            let failure = Failure::parameters("insert reads a file or an address");
            return Err(failure.hint("upsert-table --from - reads stdin").into());
        }
        let arguments = flags(&[("table", table), ("from", file)], options)?;
        changed(self.lake.upsert(arguments)?)
    }

    fn alter(&mut self, table: &str, changes: Option<&str>, options: &[(String, String)]) -> anyhow::Result<Changed> {
        let changes = changes.map(|changes| ("changes", changes));
        let own = [("table", table)].into_iter().chain(changes).collect::<Vec<_>>();
        changed(self.lake.alter(flags(&own, options)?)?)
    }

    fn roll_back(&mut self, table: Option<&str>, to: &str, options: &[(String, String)]) -> anyhow::Result<Changed> {
        let table = table.map(|table| ("table", self.lake.catalog_name(table)));
        let own = [("to", to)].into_iter().chain(table).collect::<Vec<_>>();
        changed(self.lake.roll_back(flags(&own, options)?)?)
    }

    fn travel(&mut self, table: Option<&str>, when: &str) -> anyhow::Result<String> {
        let as_of: AsOf = when.parse().map_err(|expected| {
            Failure::parameters(format!("travel: {expected}")).hint("help travel shows examples")
        })?;
        let words = match table {
            Some(table) => {
                let (name, snapshot) = self.lake.snapshot_at(table, &as_of)?;
                let snapshot_id = snapshot.to_string();
                let when = if when == snapshot_id { String::new() } else { format!("{when}, ") };
                let words = format!("{name} is read as of {when}snapshot {snapshot}");
                let mut state = State::default();
                state.pins.insert(name.clone(), Some(snapshot));
                self.tables.insert(name.to_string(), (words.clone(), state));
                words
            }
            None => {
                let (state, run) = self.lake.state_at(&as_of)?;
                let run = run.map(|run| format!(", run {run}")).unwrap_or_default();
                let own = if state.pins.is_empty() { "; tables of your own are read as they are now" } else { "" };
                let words = format!("the lake is read as of {when}{run}{own}");
                self.past = Some((words.clone(), state));
                words
            }
        };
        Ok(words)
    }

    fn travel_to_now(&mut self, table: Option<&str>) {
        match table {
            Some(table) => {
                self.tables
                    .retain(|name, _| name != table && name.split_once('.').is_none_or(|(_, name)| name != table));
            }
            None => {
                self.past = None;
                self.tables.clear();
            }
        }
    }

    fn states(&self) -> Vec<String> {
        let of_tables = self.tables.values().map(|(words, _)| words.clone());
        self.past.iter().map(|(words, _)| words.clone()).chain(of_tables).collect()
    }

    fn tables(&mut self) -> anyhow::Result<Vec<Value>> {
        objects(self.lake.tables()?)
    }

    fn columns(&mut self, table: &str) -> anyhow::Result<Vec<Value>> {
        objects(self.lake.columns(table, &self.state())?)
    }

    fn history(&mut self, table: &str) -> anyhow::Result<Vec<Value>> {
        objects(self.lake.history(table)?)
    }

    fn changes(
        &mut self,
        table: &str,
        from: &str,
        take: &mut dyn FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.lake.changes(table, from, take)
    }

    fn runs(&mut self) -> anyhow::Result<Vec<Value>> {
        objects(self.lake.runs()?)
    }

    fn report(&mut self, run: Option<&str>) -> anyhow::Result<Value> {
        let run = run.map(str::parse).transpose().map_err(|expected: String| {
            Failure::parameters(format!("checks: {expected}")).hint("runs lists the runs")
        })?;
        self.lake.report(run.as_ref())
    }

    fn names(&mut self) -> anyhow::Result<Vec<Names>> {
        Ok(self.lake.names()?.into_iter().map(|(table, columns)| Names { table, columns }).collect())
    }
}

/// Returns the parameters of a task as flags.
///
/// # Errors
/// Fails if an option is one that the command gives itself.
fn flags(own: &[(&str, &str)], options: &[(String, String)]) -> anyhow::Result<Vec<OsString>> {
    let mut flags: Vec<OsString> = own.iter().map(|(name, value)| format!("--{name}={value}").into()).collect();
    for (name, value) in options {
        let name = name.replace('_', "-");
        if RESERVED.contains(&name.as_str()) {
            return Err(Failure::parameters(format!("the option {name} is not taken here"))
                .hint("help insert, help alter and help rollback show the options")
                .into());
        }
        flags.push(format!("--{name}={value}").into());
    }
    Ok(flags)
}

fn changed(finished: Finished) -> anyhow::Result<Changed> {
    Ok(Changed { summary: finished.summary, outcome: serde_json::to_value(finished.outcome)? })
}

fn objects(items: Vec<impl Serialize>) -> anyhow::Result<Vec<Value>> {
    Ok(items.into_iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
}
