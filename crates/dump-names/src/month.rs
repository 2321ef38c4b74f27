//! The month of a dump.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The month of a dump, `YYYY-MM`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DumpMonth(String);

impl DumpMonth {
    /// Returns the month as `YYYY-MM`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns a day of the month as dump files are named, `YYYYMMDD`, or `None` if the month has no such day.
    pub fn day(&self, day: i8) -> Option<String> {
        let first = first_day(&self.0)?;
        first.with().day(day).build().ok().map(|date| date.strftime("%Y%m%d").to_string())
    }

    /// Returns the month as `YYYYMM`.
    pub fn compact(&self) -> String {
        self.0.replace('-', "")
    }
}

fn first_day(month: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", format!("{month}-01")).ok()
}

impl FromStr for DumpMonth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The parser also accepts `2026-1`, so the date is formatted and compared.
        let valid = first_day(text).is_some_and(|date| date.strftime("%Y-%m").to_string() == text);
        if valid { Ok(DumpMonth(text.to_owned())) } else { Err("expected a month such as 2026-11".to_owned()) }
    }
}

impl fmt::Display for DumpMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DumpMonth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DumpMonth> for String {
    fn from(month: DumpMonth) -> String {
        month.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_and_two() {
        assert_eq!("2026-11".parse::<DumpMonth>().map(String::from), Ok("2026-11".to_owned()));
        for text in ["", "2026-13", "2026-00", "2026-1", "2026-011", "26-11", "２０２６-11", " 2026-11", "2026-11-01"]
        {
            assert!(text.parse::<DumpMonth>().is_err(), "{text:?}");
        }
    }
}
