use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::layout::Layout;

/// What a dump is about. Each has a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Entity {
    Artists,
    Labels,
    Masters,
    Releases,
}

impl Entity {
    pub const ALL: [Entity; 4] = [Entity::Artists, Entity::Labels, Entity::Masters, Entity::Releases];

    /// The root element, and the word in the file name.
    pub fn name(self) -> &'static str {
        match self {
            Entity::Artists => "artists",
            Entity::Labels => "labels",
            Entity::Masters => "masters",
            Entity::Releases => "releases",
        }
    }
}

/// A month as dumps are named by: `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DumpMonth {
    year: i16,
    month: i8,
}

impl DumpMonth {
    pub(super) const fn new(year: i16, month: i8) -> Self {
        DumpMonth { year, month }
    }

    /// `YYYYMMDD`, or nothing where the month has no such day.
    pub(super) fn stamp(self, day: i8) -> Option<String> {
        let date = jiff::civil::Date::new(self.year, self.month, day).ok()?;
        Some(date.strftime("%Y%m%d").to_string())
    }
}

impl FromStr for DumpMonth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once('-')
            .filter(|(year, month)| digits(year, 4) && digits(month, 2))
            .and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)))
            .filter(|(_, month)| (1..=12).contains(month))
            .map(|(year, month)| DumpMonth { year, month })
            .ok_or_else(|| "expected YYYY-MM such as 2026-08".to_owned())
    }
}

impl fmt::Display for DumpMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// How many records of each entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub artists: u64,
    pub labels: u64,
    pub masters: u64,
    pub releases: u64,
}

impl Counts {
    /// The proportions of the dump of 2026-08: 10,163,318 artists, 2,405,196 labels and 2,579,897 masters for
    /// 19,341,287 releases; at least one of each.
    pub fn for_releases(releases: u64) -> Self {
        Counts {
            artists: (releases * 53 / 100).max(1),
            labels: (releases * 124 / 1000).max(1),
            masters: (releases * 2 / 15).max(1),
            releases,
        }
    }

    pub fn of(&self, entity: Entity) -> u64 {
        match entity {
            Entity::Artists => self.artists,
            Entity::Labels => self.labels,
            Entity::Masters => self.masters,
            Entity::Releases => self.releases,
        }
    }
}

/// Everything that decides what is written and where.
#[derive(Clone, Debug)]
pub struct Plan {
    pub raw_root: PathBuf,
    pub month: DumpMonth,
    pub day: i8,
    pub counts: Counts,
    pub seed: u64,
    pub layout: Layout,
    /// Puts an element and an attribute that no table takes into a few records.
    pub unknown_element: bool,
    /// Of gzip, 0 to 9.
    pub compression: u32,
    /// Each once.
    pub entities: Vec<Entity>,
    /// Files that differ are replaced instead of refused.
    pub replace: bool,
}

impl Plan {
    /// About how much XML this plan comes to, for progress.
    pub fn estimated_xml_bytes(&self) -> u64 {
        let bytes_a_record = |entity| match entity {
            Entity::Artists => 330,
            Entity::Labels => 260,
            Entity::Masters => 1300,
            Entity::Releases => 3700,
        };
        self.entities.iter().map(|&entity| self.counts.of(entity) * bytes_a_record(entity)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        assert_eq!("2026-08".parse::<DumpMonth>().map(|month| month.to_string()), Ok("2026-08".to_owned()));
        for text in ["", "2026", "2026-8", "2026-13", "2026-00", "26-08", "2026-08-01", "+026-08"] {
            assert!(text.parse::<DumpMonth>().is_err(), "{text}");
        }
        assert_eq!(DumpMonth::new(2026, 2).stamp(1).as_deref(), Some("20260201"));
        assert_eq!(DumpMonth::new(2026, 2).stamp(30), None);
    }

    #[test]
    fn counts_follow_the_real_proportions() {
        let counts = Counts::for_releases(3000);
        assert_eq!((counts.artists, counts.labels, counts.masters), (1590, 372, 400));
        assert_eq!(Counts::for_releases(1), Counts { artists: 1, labels: 1, masters: 1, releases: 1 });
    }
}
