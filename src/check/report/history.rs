//! Rows of each table over the sealed runs of the lake.

use std::collections::BTreeMap;

use crate::check::profile::Profile;
use crate::lake::{Run, RunId, SealedRun};

/// Rows of every table over the runs, oldest first.
pub struct History {
    /// The runs, oldest first.
    pub runs: Vec<RunId>,
    /// Table → (index in `runs`, rows) for each run that has the table.
    pub rows: BTreeMap<String, Vec<(usize, u64)>>,
}

/// The number of runs in a plot, the newest ones.
const RUNS_SHOWN: usize = 60;

/// Reads the rows of the sealed runs of the lake and of the checked run, sealed or not. A run with an unreadable manifest
/// is left out.
///
/// # Errors
/// Fails if the runs of the lake cannot be listed.
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
