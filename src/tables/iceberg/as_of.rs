//! Time travel: the tables as they were in a month, in a run, at a time or in a snapshot.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::{Timestamp, civil};
use lake_catalog::{Schema, Table, TableName};

use super::{RUN_ID, Tables, binding, failure, is_of_runs, run_tag};
use crate::lake::RunId;
use crate::sql::{DuckDb, ObjectParameters, Reads, SqlFile};
use crate::tables::mount::mount_files;
use crate::tables::needs::Needs;
use crate::tables::pruning::{ReadTable, files_to_read};
use digdag_task::Failure;

/// A state of the tables, as `--as-of` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The run that was published for a month, otherwise the first that was staged: `2026-10`.
    Month(String),
    /// A run, published or not.
    Run(RunId),
    /// The run that was current at a time (`2026-11-20T12:00:00Z`) or at the end of a day (`2026-11-20`).
    Time(Timestamp),
    /// The run of a snapshot of any table.
    Snapshot(i64),
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(month) = text.parse::<dump_names::DumpMonth>() {
            return Ok(AsOf::Month(month.as_str().to_owned()));
        }
        if let Ok(run) = text.parse() {
            return Ok(AsOf::Run(run));
        }
        if let Ok(time) = text.parse() {
            return Ok(AsOf::Time(time));
        }
        if let Ok(snapshot) = text.parse() {
            return Ok(AsOf::Snapshot(snapshot));
        }
        let end_of_day = text.parse::<civil::Date>().ok().and_then(|day| {
            day.at(23, 59, 59, 999_999_999).to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        });
        end_of_day.map(AsOf::Time).ok_or_else(|| {
            "expected a month (2026-10), a run id, a time (2026-11-20T12:00:00Z), a day or a snapshot id".to_owned()
        })
    }
}

impl Tables {
    /// Returns the run of a state.
    ///
    /// # Errors
    /// Fails if the catalog has no such state.
    pub fn run_at(&mut self, as_of: &AsOf) -> anyhow::Result<RunId> {
        Known::list(self)?.run_of(self, as_of)
    }
}

/// The tables of an earlier state, mounted in an engine.
#[derive(Clone, Debug)]
pub struct MountedState {
    /// The run of the state. All tables come from it, even if another run is published meanwhile.
    pub run: RunId,
    /// The tables that the statement reads; empty if it may read any.
    pub read: Vec<ReadTable>,
    /// The objects in the warehouse that the tables consist of, if the lake does not have the run.
    pub objects: Vec<String>,
}

/// Mounts the tables of an earlier state in the engine under their SQL names, with the views over them. With the reads of
/// the statement that is to be run, loads and mounts only what it names, without the files that its conditions rule out.
///
/// # Errors
/// Fails if the catalog has no such state or cannot be read.
pub fn mount_as_of(
    engine: &DuckDb,
    tables: &mut Tables,
    as_of: &AsOf,
    reads: Option<&Reads>,
    parameters: &ObjectParameters,
) -> anyhow::Result<MountedState> {
    let views = SqlFile::folder("views")?;
    let contract = tables.contract.clone();
    let needs = reads.and_then(|reads| Needs::of(&contract, &views, reads));
    let mut known = Known::list(tables)?;
    let run = known.run_of(tables, as_of)?;
    let tag = run_tag(&run);
    let (mut missing, mut read, mut objects) = (Vec::new(), Vec::new(), Vec::new());
    for table in contract.tables.iter().filter(|table| needs.as_ref().is_none_or(|needs| needs.table(table))) {
        let found = known.load(tables, &binding::name(table))?;
        let Some(state) = found.and_then(|found| Some((found, found.ref_id(&tag)?))) else {
            missing.extend([table.name.as_str(), table.sql_name()]);
            continue;
        };
        let (found, snapshot) = state;
        let files = tables.catalog.files(found, snapshot).map_err(failure)?;
        let Some(smallest) = files.iter().min_by_key(|file| file.file_size_in_bytes()) else {
            missing.extend([table.name.as_str(), table.sql_name()]);
            continue;
        };
        let filter = needs.as_ref().and_then(|needs| needs.filter(table));
        let mut matching = files_to_read(&files, schema_at(found, snapshot), filter.as_ref());
        if matching.is_empty() {
            // DuckDB needs a file for the columns.
            matching.push(smallest);
        }
        read.push(ReadTable::of(&table.name, &files, matching.iter().copied()));
        let mut paths = Vec::new();
        for file in matching {
            let location = file.file_path();
            paths.push(match tables.local_path(location) {
                Some(path) => path,
                None => {
                    if objects.is_empty() {
                        tables.let_reach(engine, parameters)?;
                    }
                    objects.push(location.to_owned());
                    PathBuf::from(location)
                }
            });
        }
        mount_files(engine, table, &paths)?;
    }
    for view in views.iter().filter(|view| needs.as_ref().is_none_or(|needs| needs.view(&view.name))) {
        if !view.names_any(&missing) {
            engine.view(view)?;
        }
    }
    if needs.is_none() {
        read.clear();
    }
    Ok(MountedState { run, read, objects })
}

/// Returns the run of a state.
///
/// # Errors
/// Fails if the catalog has no such state or cannot be read.
pub fn run_at(tables: &mut Tables, as_of: &AsOf) -> anyhow::Result<RunId> {
    Known::list(tables)?.run_of(tables, as_of)
}

/// Returns the schema of a snapshot.
fn schema_at(table: &Table, snapshot: i64) -> &Schema {
    let metadata = table.metadata();
    let of_snapshot = metadata.snapshot_by_id(snapshot).and_then(|found| metadata.schema_by_id(found.schema_id()?));
    of_snapshot.unwrap_or_else(|| metadata.current_schema())
}

/// The tables of runs that the catalog has, each loaded when it is needed.
struct Known {
    names: Vec<TableName>,
    loaded: HashMap<TableName, Option<Table>>,
}

impl Known {
    fn list(tables: &mut Tables) -> anyhow::Result<Self> {
        let mut names = tables.catalog.list().map_err(failure)?;
        names.sort();
        Ok(Known { names, loaded: HashMap::new() })
    }

    /// Returns a table, or `None` if the catalog has none over the files of runs under the name.
    fn load(&mut self, tables: &mut Tables, name: &TableName) -> anyhow::Result<Option<&Table>> {
        if !self.loaded.contains_key(name) {
            let found = tables.catalog.find(name).map_err(failure)?;
            let found = found.filter(is_of_runs);
            self.loaded.insert(name.clone(), found);
        }
        Ok(self.loaded.get(name).and_then(Option::as_ref))
    }

    /// Returns the run of a state, from the first table that has it.
    fn run_of(&mut self, tables: &mut Tables, as_of: &AsOf) -> anyhow::Result<RunId> {
        for name in self.names.clone() {
            if let Some(run) = self.load(tables, &name)?.and_then(|table| run_of(table, as_of)) {
                return Ok(run);
            }
        }
        let what = match as_of {
            AsOf::Month(month) => format!("a run of {month}"),
            AsOf::Run(run) => format!("run {run}"),
            AsOf::Time(time) => format!("anything published at {time}"),
            AsOf::Snapshot(id) => format!("snapshot {id}"),
        };
        Err(Failure::parameters(format!("the catalog does not have {what}"))
            .hint("table-history lists runs and snapshots; stage-tables adds a sealed run")
            .into())
    }
}

/// Returns the run of a state in one table.
fn run_of(table: &Table, as_of: &AsOf) -> Option<RunId> {
    let metadata = table.metadata();
    let snapshot = match as_of {
        AsOf::Month(month) => metadata.snapshot_for_ref(&format!("month_{month}")).map(|found| &**found),
        AsOf::Run(run) => metadata.snapshot_for_ref(&run_tag(run)).map(|found| &**found),
        AsOf::Time(time) => table.snapshot_at(time.as_millisecond()),
        AsOf::Snapshot(id) => metadata.snapshot_by_id(*id).map(|found| &**found),
    };
    snapshot?.summary().additional_properties.get(RUN_ID)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_runs_times_days_and_snapshots_are_told_apart() {
        let parsed = |text: &str| text.parse::<AsOf>();
        assert_eq!(parsed("2026-10"), Ok(AsOf::Month("2026-10".to_owned())));
        assert!(matches!(parsed("2026-11__20261120_000000"), Ok(AsOf::Run(_))));
        assert!(matches!(parsed("20261120_000000"), Ok(AsOf::Run(_))));
        assert_eq!(parsed("2026-11-20T12:00:00Z"), Ok(AsOf::Time("2026-11-20T12:00:00Z".parse().expect("a time"))));
        assert_eq!(parsed("2026-11-20"), Ok(AsOf::Time("2026-11-20T23:59:59.999999999Z".parse().expect("a time"))));
        assert_eq!(parsed("1531896643717810696"), Ok(AsOf::Snapshot(1_531_896_643_717_810_696)));
        assert!(parsed("last month").is_err());
    }
}
