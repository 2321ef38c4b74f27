//! The loads of a bronze table: a property of the table lists them, because snapshots expire and a load without changes has
//! no rows.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use lake_catalog::Table;
use serde::{Deserialize, Serialize};

use crate::contract::Layers;
use crate::lake::DumpMonth;

/// The table property with the loads, as JSON, oldest first. It changes in the commit of a load's rows.
pub const LOADS: &str = "discogs.loads";

/// The property of a snapshot in which enforce-retention names the first day that it kept.
const KEPT_SINCE: &str = "discogs.kept-since";

/// The longest time from one month's dump to the next. A base that is gone by then would leave the next month without one.
const DAYS_TO_NEXT_DUMP: i64 = 35;

/// Returns how long bronze is kept, in days: as given, or as `sql/layers.yml` says.
///
/// # Errors
/// Fails if `sql/layers.yml` has no layer of bronze.
pub fn retention_days(given: Option<u32>) -> anyhow::Result<u32> {
    match given {
        Some(days) => Ok(days),
        None => Ok(Layers::load()?.layer("bronze")?.retention_days),
    }
}

/// Returns the first day of which retention has kept the rows of a table, `YYYY-MM-DD`, or `None` if it removed none.
pub fn kept_since(table: &Table) -> Option<&str> {
    let ancestors = table.ancestors(table.metadata().current_snapshot_id()?);
    let days = ancestors.into_iter().filter_map(|snapshot| snapshot.summary().additional_properties.get(KEPT_SINCE));
    days.map(String::as_str).max()
}

/// The records that a load has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Every record.
    Full,
    /// The records that differ from those of the load before, and the ids that are gone.
    Changes,
}

impl Mode {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Full => "full",
            Mode::Changes => "changes",
        }
    }
}

/// A dump in a bronze table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The `ingestion_timestamp` of its rows, which no other load has. In whole microseconds.
    pub ingested_at: Timestamp,
    /// The month of the dump.
    pub dump_month: DumpMonth,
    /// The name of the dump's file.
    pub source_file: String,
    /// The sha256 of the packed file.
    pub sha256: String,
    /// The records that it has.
    pub mode: Mode,
    /// The records of the dump.
    pub records: u64,
    /// The rows of the load.
    pub rows: u64,
    /// Whether every record of the dump has an id, and no two the same. Only then can changes follow.
    pub is_keyed: bool,
    /// The MD5 of the MD5s of all records, in the order of the dump.
    pub records_md5: String,
    /// The names of the root element's attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub root_attributes: Vec<String>,
}

impl Load {
    /// Returns the loads of a table, oldest first.
    ///
    /// # Errors
    /// Fails if the property is no list of loads.
    pub fn of(table: &Table) -> anyhow::Result<Vec<Load>> {
        let Some(text) = table.metadata().properties().get(LOADS) else { return Ok(Vec::new()) };
        serde_json::from_str(text).with_context(|| format!("property {LOADS} of table {}", table.name()))
    }

    /// Returns whether retention may have removed the rows of the load, because they are older than so many days or than the
    /// first day that retention has kept.
    pub fn is_out_of_retention(&self, now: Timestamp, days: u32, kept_since: Option<&str>) -> bool {
        let day = self.ingested_at.strftime("%Y-%m-%d").to_string();
        let is_old = now.duration_since(self.ingested_at) > SignedDuration::from_hours(24 * i64::from(days));
        is_old || kept_since.is_some_and(|first| day.as_str() < first)
    }

    /// Returns whether retention may remove the rows of the load before the next month's dump comes.
    pub fn leaves_retention_soon(&self, now: Timestamp, days: u32) -> bool {
        let left = i64::from(days) - DAYS_TO_NEXT_DUMP;
        now.duration_since(self.ingested_at) > SignedDuration::from_hours(24 * left)
    }

    /// Returns the time of the load as SQL writes it.
    pub fn sql_time(&self) -> String {
        self.ingested_at.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
    }
}

/// Returns the index of the full load on which a load stands, or `None` if the list has none.
pub fn base_of(loads: &[Load], index: usize) -> Option<usize> {
    loads[..=index].iter().rposition(|load| load.mode == Mode::Full)
}

/// Returns the current time in whole microseconds, later than that of the latest load.
pub fn next_time(latest: Option<Timestamp>) -> anyhow::Result<Timestamp> {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond())?;
    Ok(match latest {
        Some(last) if last >= now => last.checked_add(SignedDuration::from_micros(1))?,
        _ => now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn load(mode: Mode, ingested_at: &str) -> Load {
        Load {
            ingested_at: ingested_at.parse().expect("a time"),
            dump_month: "2026-11".parse().expect("a month"),
            source_file: String::new(),
            sha256: String::new(),
            mode,
            records: 1,
            rows: 1,
            is_keyed: true,
            records_md5: String::new(),
            root_attributes: Vec::new(),
        }
    }

    #[test]
    fn a_base_is_left_before_retention_takes_it() {
        let base = load(Mode::Full, "2026-09-01T00:00:00.000001Z");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        for (now, soon, out) in [
            ("2026-10-01T00:00:00Z", false, false),
            ("2026-10-26T00:00:00Z", false, false),
            ("2026-10-27T00:00:00Z", true, false),
            ("2026-11-30T00:00:00Z", true, false),
            ("2026-12-01T00:00:00Z", true, true),
        ] {
            assert_eq!(base.leaves_retention_soon(at(now), 90), soon, "{now}");
            assert_eq!(base.is_out_of_retention(at(now), 90, None), out, "{now}");
        }
        let early = at("2026-09-02T00:00:00Z");
        assert!(base.is_out_of_retention(early, 90, Some("2026-09-02")));
        assert!(!base.is_out_of_retention(early, 90, Some("2026-09-01")));
        assert_eq!(base.sql_time(), "2026-09-01 00:00:00.000001+00");
    }

    #[test]
    fn changes_stand_on_the_full_load_before_them() {
        let modes = [Mode::Changes, Mode::Full, Mode::Changes, Mode::Full, Mode::Changes, Mode::Changes];
        let loads: Vec<_> = modes.into_iter().map(|mode| load(mode, "2026-09-01T00:00:00Z")).collect();
        let bases: Vec<_> = (0..loads.len()).map(|index| base_of(&loads, index)).collect();
        assert_eq!(bases, [None, Some(1), Some(1), Some(3), Some(3), Some(3)]);
        let text = serde_json::to_string(&loads).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<Load>>(&text).expect("loads"), loads);
    }
}
