//! Time travel: the tables as they were in a month, in a run, at a time or in a snapshot.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::str::FromStr;

use jiff::{Timestamp, civil};
use lake_catalog::{Table, TableName};

use super::{OF_RUNS, RUN_ID, Tables, binding, failure, run_tag};
use crate::contract::Contract;
use crate::lake::RunId;
use crate::sql::{DuckDb, Engine, NamedTables, SqlFile};
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

/// Mounts the tables of an earlier state in the engine under their SQL names, with the views over them. Returns the run
/// of that state: all tables come from one run, even if another run is published meanwhile. With the statement that is to
/// be run, loads and mounts only what it names.
///
/// # Errors
/// Fails if the catalog has no such state or cannot be read.
pub fn mount_as_of(
    engine: &DuckDb,
    tables: &mut Tables,
    as_of: &AsOf,
    statement: Option<&str>,
) -> anyhow::Result<RunId> {
    let views = SqlFile::folder("views")?;
    let named = statement.map(|sql| engine.tables_named(sql)).transpose()?.flatten();
    let needed = named.and_then(|named| needed(&tables.contract, &views, named));
    let is_needed = |name: &str| needed.as_ref().is_none_or(|needed| needed.contains(name));
    let mut known = Known::list(tables)?;
    let run = known.run_of(tables, as_of)?;
    let tag = run_tag(&run);
    let mut missing = Vec::new();
    for table in tables.contract.tables.clone() {
        if ![table.name.as_str(), table.sql_name()].into_iter().any(is_needed) {
            continue;
        }
        let found = known.load(tables, &binding::name(&table))?;
        let files = match found.and_then(|found| Some((found, found.ref_id(&tag)?))) {
            Some((found, snapshot)) => tables.catalog.files(found, snapshot).map_err(failure)?,
            None => Vec::new(),
        };
        if files.is_empty() {
            missing.extend([table.name.clone(), table.sql_name().to_owned()]);
            continue;
        }
        let path = |file: &lake_catalog::DataFile| PathBuf::from(file.file_path().trim_start_matches("file://"));
        engine.mount(&table.name, &files.iter().map(path).collect::<Vec<_>>())?;
        if table.sql_name() != table.name {
            engine.alias(table.sql_name(), &table.name)?;
        }
    }
    let missing: Vec<_> = missing.iter().map(String::as_str).collect();
    for view in views.iter().filter(|view| is_needed(&view.name)) {
        if !view.names_any(&missing) {
            engine.view(view)?;
        }
    }
    Ok(run)
}

/// Returns the tables and views that a statement needs, with those below its views; `None` for all, if it names one that
/// is neither, whose error then lists what there is.
fn needed(contract: &Contract, views: &[SqlFile], named: NamedTables) -> Option<BTreeSet<String>> {
    let is_table = |name: &str| contract.tables.iter().any(|table| table.name == name || table.sql_name() == name);
    let of_contract = contract.tables.iter().flat_map(|table| [table.name.as_str(), table.sql_name()]);
    let all: Vec<&str> = of_contract.chain(views.iter().map(|view| view.name.as_str())).collect();
    let (mut needed, mut open) = (BTreeSet::new(), Vec::from_iter(named.read));
    while let Some(name) = open.pop() {
        if let Some(view) = views.iter().find(|view| view.name == name) {
            let below = all.iter().filter(|other| **other != name && view.names_any(&[other]));
            open.extend(below.filter(|other| !needed.contains(**other)).map(|other| (*other).to_owned()));
        } else if !is_table(&name) && !named.defined.contains(&name) {
            return None;
        }
        needed.insert(name);
    }
    Some(needed)
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
            let found = found.filter(|table| table.metadata().properties().contains_key(OF_RUNS));
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
