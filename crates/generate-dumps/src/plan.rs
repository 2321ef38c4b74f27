use std::path::PathBuf;

use super::layout::Layout;
pub use dump_names::DumpMonth;
pub use dump_names::Entity;

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
    fn counts_follow_the_real_proportions() {
        let counts = Counts::for_releases(3000);
        assert_eq!((counts.artists, counts.labels, counts.masters), (1590, 372, 400));
        assert_eq!(Counts::for_releases(1), Counts { artists: 1, labels: 1, masters: 1, releases: 1 });
    }
}
