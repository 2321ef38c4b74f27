//! Counts records, anomalies and unknown paths.

use std::collections::BTreeMap;

use crate::dump::shown;

/// Limit of distinct unknown paths; further ones are counted together, so that a hostile dump cannot fill the memory.
const MAX_PATHS: usize = 1000;

/// Characters of a path that are kept.
const MAX_PATH_CHARS: usize = 300;

/// The counts of the records that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that became rows.
    pub records: u64,
    /// Anomalies of the data, by the names that the contract lists.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Paths that no table takes and no rule ignores.
    pub unknown_paths: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts an anomaly `times` times.
    pub fn count(&mut self, anomaly: &'static str, times: u64) {
        if times > 0 {
            *self.anomalies.entry(anomaly).or_default() += times;
        }
    }

    /// Counts an unknown path. The path comes from the data and goes into results, so characters that names do not have
    /// are replaced.
    pub fn count_unknown(&mut self, path: &str) {
        self.add_unknown(shown(path, MAX_PATH_CHARS), 1);
        self.count("unknown_paths", 1);
    }

    fn add_unknown(&mut self, path: String, count: u64) {
        let known = self.unknown_paths.len() < MAX_PATHS || self.unknown_paths.contains_key(&path);
        *self.unknown_paths.entry(if known { path } else { "others".to_owned() }).or_default() += count;
    }

    /// Adds the counts of another tally.
    pub fn add(&mut self, other: Tally) {
        self.records += other.records;
        for (name, count) in other.anomalies {
            self.count(name, count);
        }
        for (path, count) in other.unknown_paths {
            self.add_unknown(path, count);
        }
    }
}
