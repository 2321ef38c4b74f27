//! The parameters of a month of dumps.

use std::path::PathBuf;

use super::layout::Layout;
pub use dump_names::DumpMonth;
pub use dump_names::Entity;

/// The number of records of each entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Artists.
    pub artists: u64,
    /// Labels.
    pub labels: u64,
    /// Masters.
    pub masters: u64,
    /// Releases.
    pub releases: u64,
}

impl Counts {
    /// Returns counts in the proportions of the dump of 2026-08: 10,163,318 artists, 2,405,196 labels and 2,579,897
    /// masters for 19,341,287 releases; at least one of each.
    pub fn for_releases(releases: u64) -> Self {
        Counts {
            artists: (releases * 53 / 100).max(1),
            labels: (releases * 124 / 1000).max(1),
            masters: (releases * 2 / 15).max(1),
            releases,
        }
    }

    /// Returns the count of one entity.
    pub fn of(&self, entity: Entity) -> u64 {
        match entity {
            Entity::Artists => self.artists,
            Entity::Labels => self.labels,
            Entity::Masters => self.masters,
            Entity::Releases => self.releases,
        }
    }
}

/// The parameters of a month of dumps: contents and place.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The folder that holds a folder for each month.
    pub raw_root: PathBuf,
    /// The month.
    pub month: DumpMonth,
    /// The day in the file names.
    pub day: i8,
    /// How many records each dump holds.
    pub counts: Counts,
    /// The random seed.
    pub seed: u64,
    /// The layout of every record.
    pub layout: Layout,
    /// Whether a few records get an element and an attribute that no table reads.
    pub unknown_element: bool,
    /// The gzip level, 0 to 9.
    pub compression: u32,
    /// The dumps to write, each once.
    pub entities: Vec<Entity>,
    /// Whether files that differ are replaced instead of refused.
    pub replace: bool,
}

impl Plan {
    /// Returns the approximate number of bytes of XML in the dumps of this plan, for the progress bar.
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
    fn counts_follow_the_real_proportions() {
        let counts = Counts::for_releases(3000);
        assert_eq!((counts.artists, counts.labels, counts.masters), (1590, 372, 400));
        assert_eq!(Counts::for_releases(1), Counts { artists: 1, labels: 1, masters: 1, releases: 1 });
    }
}
