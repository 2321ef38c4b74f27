use std::collections::BTreeMap;

use crate::lake::{Lake, RunId, SealedRun};

/// Rows of every table over the sealed runs, oldest first, as their manifests say.
pub struct History {
    pub runs: Vec<RunId>,
    /// Table → rows in each of the runs that has it, by the run's place in `runs`.
    pub rows: BTreeMap<String, Vec<(usize, u64)>>,
}

/// The newest runs shown: more do not fit a plot.
const RUNS_SHOWN: usize = 60;

/// What the lake's sealed runs say. A run whose manifest cannot be read is left out: it is not this report's to judge.
pub fn of(lake: &Lake) -> anyhow::Result<History> {
    let mut sealed = Vec::new();
    for id in lake.run_ids()? {
        let run = lake.run(&id);
        sealed.extend(run.ok().filter(|run| run.is_sealed()).and_then(|run| SealedRun::open(&run).ok()));
    }
    let first = sealed.len().saturating_sub(RUNS_SHOWN);
    let mut history = History { runs: Vec::new(), rows: BTreeMap::new() };
    for (place, run) in sealed.iter().skip(first).enumerate() {
        history.runs.push(run.run().id().clone());
        for dataset in &run.manifest().datasets {
            history.rows.entry(dataset.table.clone()).or_default().push((place, dataset.rows));
        }
    }
    Ok(history)
}
