//! Time travel: the tables as they were in a month, in a run, at a time or in a snapshot.

use std::path::PathBuf;
use std::str::FromStr;

use jiff::{Timestamp, civil};

use super::{RUN_ID, Tables, binding, failure, run_tag};
use crate::lake::RunId;
use crate::sql::{DuckDb, Engine, SqlFile};
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
/// of that state: all tables come from one run, even if another run is published meanwhile.
///
/// # Errors
/// Fails if the catalog has no such state or cannot be read.
pub fn mount_as_of(engine: &DuckDb, tables: &mut Tables, as_of: &AsOf) -> anyhow::Result<RunId> {
    let known = tables.load()?;
    let run = run_of(&known.values().collect::<Vec<_>>(), as_of)?;
    let tag = run_tag(&run);
    let mut missing = Vec::new();
    for table in &tables.contract.tables {
        let snapshot = known.get(&binding::name(table)).and_then(|found| Some((found, found.ref_id(&tag)?)));
        let files = match snapshot {
            Some((found, snapshot)) => tables.catalog.files(found, snapshot).map_err(failure)?,
            None => Vec::new(),
        };
        if files.is_empty() {
            missing.extend([table.name.as_str(), table.sql_name()]);
            continue;
        }
        let path = |file: &lake_catalog::DataFile| PathBuf::from(file.file_path().trim_start_matches("file://"));
        engine.mount(&table.name, &files.iter().map(path).collect::<Vec<_>>())?;
        if table.sql_name() != table.name {
            engine.alias(table.sql_name(), &table.name)?;
        }
    }
    for view in SqlFile::folder("views")? {
        if !view.names_any(&missing) {
            engine.view(&view)?;
        }
    }
    Ok(run)
}

fn run_of(tables: &[&lake_catalog::Table], as_of: &AsOf) -> anyhow::Result<RunId> {
    let mut snapshots = tables.iter().filter_map(|table| match as_of {
        AsOf::Month(month) => table.metadata().snapshot_for_ref(&format!("month_{month}")).map(|found| &**found),
        AsOf::Run(run) => table.metadata().snapshot_for_ref(&run_tag(run)).map(|found| &**found),
        AsOf::Time(time) => table.snapshot_at(time.as_millisecond()),
        AsOf::Snapshot(id) => table.metadata().snapshot_by_id(*id).map(|found| &**found),
    });
    let run = snapshots.find_map(|snapshot| snapshot.summary().additional_properties.get(RUN_ID)?.parse().ok());
    run.ok_or_else(|| {
        let what = match as_of {
            AsOf::Month(month) => format!("a run of {month}"),
            AsOf::Run(run) => format!("run {run}"),
            AsOf::Time(time) => format!("anything published at {time}"),
            AsOf::Snapshot(id) => format!("snapshot {id}"),
        };
        Failure::parameters(format!("the catalog does not have {what}"))
            .hint("table-history lists runs and snapshots; stage-tables adds a sealed run")
            .into()
    })
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
