//! Finds the newest complete date of a month in the site's listing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::listing::{ListedFile, Listing};
use crate::dump::{Entity, Kind};
use crate::lake::DumpMonth;
use digdag_task::Failure;

/// The hour, UTC, by which a month was complete on the day in its file names: CHECKSUM was published at 19:17.
const COMPLETE_AT_HOUR: i8 = 20;

/// The wanted files of one date. The CHECKSUM file is published last, so a date that has one is complete.
#[derive(Clone, Debug)]
pub(super) struct MonthOnSite {
    /// The date of publication, `YYYYMMDD`.
    pub date: String,
    /// The CHECKSUM file.
    pub checksum: ListedFile,
    /// The wanted dumps.
    pub dumps: BTreeMap<Entity, ListedFile>,
}

impl MonthOnSite {
    /// Finds the newest date of the month that has a CHECKSUM file and all wanted dumps.
    ///
    /// # Errors
    /// Returns an error of class `Input` if no date of the month is complete; its hint says when to try again.
    pub fn find(
        listing: &Listing,
        month: &DumpMonth,
        wanted: &[Entity],
        base: &impl std::fmt::Display,
    ) -> Result<Self, Failure> {
        let dates = dates_of(listing, month);
        let complete = dates.iter().rev().find_map(|date| Self::of(listing, *date, wanted));
        complete.ok_or_else(|| match dates.last() {
            Some(newest) => not_complete(listing, month, *newest, wanted),
            None => not_there(listing, month, base),
        })
    }

    fn of(listing: &Listing, date: Date, wanted: &[Entity]) -> Option<Self> {
        let files = || listing.files.iter().filter(|file| file.date == date);
        let file = |kind| files().find(|file| file.kind == kind).cloned();
        let dumps: BTreeMap<_, _> =
            wanted.iter().filter_map(|entity| Some((*entity, file(Kind::Dump(*entity))?))).collect();
        let checksum = file(Kind::Checksum)?;
        let date = date.strftime("%Y%m%d").to_string();
        (dumps.len() == wanted.len()).then_some(MonthOnSite { date, checksum, dumps })
    }
}

fn dates_of(listing: &Listing, month: &DumpMonth) -> Vec<Date> {
    let of_month = listing.files.iter().filter(|file| file.date.strftime("%Y-%m").to_string() == month.as_str());
    of_month.map(|file| file.date).collect::<BTreeSet<_>>().into_iter().collect()
}

fn not_complete(listing: &Listing, month: &DumpMonth, date: Date, wanted: &[Entity]) -> Failure {
    let there = |kind| listing.files.iter().any(|file| file.date == date && file.kind == kind);
    let stamp = date.strftime("%Y%m%d");
    let mut missing: Vec<_> = wanted
        .iter()
        .filter(|entity| !there(Kind::Dump(**entity)))
        .map(|entity| format!("discogs_{stamp}_{entity}.xml.gz"))
        .collect();
    if !there(Kind::Checksum) {
        missing.push(format!("discogs_{stamp}_CHECKSUM.txt"));
    }
    Failure::input(format!("{month} is not complete: the site has no {} yet", missing.join(" and no ")))
        .hint(format!("CHECKSUM is published last; {}", when_to_try(date, Timestamp::now())))
}

fn not_there(listing: &Listing, month: &DumpMonth, base: &impl std::fmt::Display) -> Failure {
    let months: Vec<_> = listing.months().iter().map(DumpMonth::to_string).collect();
    let year = month.as_str().get(..4).unwrap_or_default();
    let of_year = match months.as_slice() {
        [] => format!("none of {year}"),
        months => format!("of {year} it has {}", months.join(", ")),
    };
    let first = format!("{month}-01").parse::<Date>().unwrap_or(Date::ZERO);
    let hint = if Timestamp::now() < complete_at(first).saturating_add(31 * 24.hours()).unwrap_or(Timestamp::MAX) {
        format!("dumps come out on the first days of a month; {}", when_to_try(first, Timestamp::now()))
    } else {
        "give another dump_month; --list shows those of a year".to_owned()
    };
    Failure::input(format!("{base} has no dumps of {month}; {of_year}")).hint(hint)
}

/// Returns the time at which the files of a date are expected to be complete.
fn complete_at(date: Date) -> Timestamp {
    let evening = date.at(COMPLETE_AT_HOUR, 0, 0, 0).in_tz("UTC");
    evening.map_or(Timestamp::MIN, |evening| evening.timestamp())
}

/// Returns the hint when to try again: at the expected time, or 3 hours from now if that time has passed.
fn when_to_try(date: Date, now: Timestamp) -> String {
    let expected = complete_at(date);
    let next = match now.saturating_add(3.hours()) {
        _ if now < expected => expected,
        Ok(soon) => soon,
        Err(_) => expected,
    };
    format!("try again after {}", next.strftime("%Y-%m-%d %H:%M UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evening_of_the_day_then_some_hours_later() {
        let date = Date::constant(2026, 11, 1);
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(when_to_try(date, at("2026-11-01T09:00:00Z")), "try again after 2026-11-01 20:00 UTC");
        assert_eq!(when_to_try(date, at("2026-11-01T22:30:00Z")), "try again after 2026-11-02 01:30 UTC");
    }
}
