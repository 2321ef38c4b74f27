//! Rows of each table over the sealed runs of the lake.

use std::collections::BTreeMap;

use crate::check::profile::Profile;
use crate::lake::{Run, RunId, SealedRun};

/// Rows of every table over the runs, oldest first.
pub struct History {
    pub runs: Vec<RunId>,
    /// Table → rows in each of the runs that has it, by the run's place in `runs`.
    pub rows: BTreeMap<String, Vec<(usize, u64)>>,
}

/// The newest runs shown: more do not fit a plot.
const RUNS_SHOWN: usize = 60;

/// What the lake's sealed runs say, and the run that is checked, sealed or not. A run whose manifest cannot be read is
/// left out: it is not this report's to judge.
pub fn of(checked: &Run, profile: &Profile) -> anyhow::Result<History> {
    let lake = checked.lake();
    let mut runs = Vec::new();
    for id in lake.run_ids()? {
        if id == *checked.id() {
            let rows = profile.tables.iter().map(|(table, figures)| (table.clone(), figures.rows));
            runs.push((id, rows.collect::<Vec<_>>()));
        } else if let Some(sealed) = lake.run(&id).ok().and_then(|run| SealedRun::open(&run).ok()) {
            let rows = sealed.manifest().datasets.iter().map(|dataset| (dataset.table.clone(), dataset.rows));
            runs.push((id, rows.collect()));
        }
    }
    let mut history = History { runs: Vec::new(), rows: BTreeMap::new() };
    let first = runs.len().saturating_sub(RUNS_SHOWN);
    for (place, (id, rows)) in runs.into_iter().skip(first).enumerate() {
        history.runs.push(id);
        for (table, rows) in rows {
            history.rows.entry(table).or_default().push((place, rows));
        }
    }
    Ok(history)
}
