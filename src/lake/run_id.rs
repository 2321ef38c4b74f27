//! The names of runs.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use dump_names::DumpMonth;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// The name of a run: `YYYY-MM__YYYYMMDD_HHMMSS` (dump month, session time), or the plain `YYYYMMDD_HHMMSS`.
///
/// Nothing else is a run id, so a run id is always one safe path component. Run ids sort by month, then time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Returns the run of a month in a session. The same session always names the same run.
    pub fn for_session(month: &DumpMonth, session: DateTime) -> Self {
        RunId(format!("{}__{}", month.as_str(), session.strftime("%Y%m%d_%H%M%S")))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the session time in the id, `YYYYMMDD_HHMMSS`: when the run was begun.
    pub fn session(&self) -> &str {
        self.0.split_once("__").map_or(&self.0, |(_, session)| session)
    }

    /// Compares two runs by their session times, so that an id without a month is not newer than all others.
    pub fn by_age(&self, other: &RunId) -> Ordering {
        self.session().cmp(other.session()).then_with(|| self.cmp(other))
    }

    /// Returns the month in the id, or `None` if the id is a session time alone.
    pub fn dump_month(&self) -> Option<DumpMonth> {
        self.0.split_once("__").and_then(|(month, _)| month.parse().ok())
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = match text.split_once("__") {
            Some((month, time)) if month.parse::<DumpMonth>().is_ok() => Some(time),
            Some(_) => None,
            None => Some(text),
        };
        match time {
            Some(time) if is_session_time(time) => Ok(RunId(text.to_owned())),
            _ => Err("expected a run id such as 2026-11__20261120_000000 or 20261120_000000".to_owned()),
        }
    }
}

/// Whether `text` is a time `YYYYMMDD_HHMMSS`. The parser also accepts fewer digits, so the time is formatted and compared.
fn is_session_time(text: &str) -> bool {
    const FORM: &str = "%Y%m%d_%H%M%S";
    DateTime::strptime(FORM, text).is_ok_and(|time| time.strftime(FORM).to_string() == text)
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RunId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_a_month_and_a_time_or_a_time() {
        for text in ["2026-11__20261120_000000", "20261120_235959", "2017-04__20170401_120000"] {
            assert_eq!(text.parse::<RunId>().map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn nothing_else_is_a_run_id() {
        for text in [
            "",
            ".",
            "..",
            "../x",
            "/etc",
            "active",
            "2026-11",
            "2026-13__20261120_000000",
            "2026-11__20261131_000000",
            "2026-11__20261120_240000",
            "2026-11__20261120_000000/",
            "2026-11__20261120_000000/../..",
            "2026-11_20261120_000000",
            "２０２６1120_000000",
            "20261120_000000\0",
            " 20261120_000000",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_session_names_its_run() {
        let month = "2026-11".parse().expect("a month");
        let session = DateTime::constant(2026, 11, 20, 3, 4, 5, 999);
        assert_eq!(RunId::for_session(&month, session).as_str(), "2026-11__20261120_030405");
    }
}
