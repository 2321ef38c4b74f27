//! Which runs stay in object storage: a plan that can be shown before it is executed.
//!
//! The manifest of a run is removed first, so that a prune that is killed leaves no run that looks whole.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::remote::RemoteLake;
use crate::lake::{Lake, Manifest, RunId};
use crate::parallel::on_threads;

/// A run of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct RemoteRun {
    /// The run.
    pub run_id: RunId,
    /// Whether it has a manifest.
    pub whole: bool,
    /// The number of its objects.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Why it stays; `None` if it is removed.
    pub kept: Option<String>,
    #[serde(skip)]
    keys: Vec<String>,
}

/// The runs that a prune removes and keeps in object storage, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct RemotePlan {
    /// Every run that is there.
    pub runs: Vec<RemoteRun>,
}

impl RemotePlan {
    /// Returns the runs to remove.
    pub fn removed(&self) -> impl Iterator<Item = &RemoteRun> {
        self.runs.iter().filter(|run| run.kept.is_none())
    }

    /// Returns the bytes that become free.
    pub fn freed_bytes(&self) -> u64 {
        self.removed().map(|run| run.bytes).sum()
    }
}

/// A run with its objects.
#[derive(Clone, Debug)]
pub struct RunSize {
    /// The run.
    pub run_id: RunId,
    /// Whether it has a manifest.
    pub whole: bool,
    /// The number of its objects.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The manifest first.
    keys: Vec<String>,
    modified: Option<Timestamp>,
}

impl RemoteLake {
    /// Returns every run of which something is there, oldest first, from one list of all objects of runs.
    ///
    /// # Errors
    /// Fails if the bucket cannot be listed.
    pub fn run_sizes(&self) -> anyhow::Result<Vec<RunSize>> {
        let prefix = self.address().key("_runs/");
        let mut runs: BTreeMap<RunId, RunSize> = BTreeMap::new();
        for object in self.call(|bucket| bucket.list(&prefix))? {
            let path = object.key.strip_prefix(&prefix).and_then(|path| path.split_once('/'));
            let Some((Ok(id), path)) = path.map(|(id, path)| (id.parse::<RunId>(), path)) else { continue };
            let none =
                || RunSize { run_id: id.clone(), whole: false, files: 0, bytes: 0, keys: Vec::new(), modified: None };
            let run = runs.entry(id.clone()).or_insert_with(none);
            run.files += 1;
            run.bytes += object.bytes;
            run.modified = run.modified.max(object.modified);
            if path == Manifest::FILE_NAME {
                run.whole = true;
                run.keys.insert(0, object.key);
            } else {
                run.keys.push(object.key);
            }
        }
        let mut runs: Vec<_> = runs.into_values().collect();
        runs.sort_by(|one, other| RunId::by_age(&one.run_id, &other.run_id));
        Ok(runs)
    }

    /// Plans a prune that keeps the newest `keep` whole runs, the run that `active.json` names, the runs that `active`
    /// and the links to its earlier targets name in the lake, and those that a table holds. A run without a manifest stays if one of its objects was written
    /// within `open_for`: its upload may be at work, or be resumed. Changes nothing.
    ///
    /// # Errors
    /// Fails if the bucket cannot be listed, or if a pointer cannot be read.
    pub fn plan_prune(
        &self,
        lake: &Lake,
        keep: usize,
        open_for: Duration,
        held: &BTreeMap<RunId, String>,
    ) -> anyhow::Result<RemotePlan> {
        let mut needed = held.clone();
        needed.extend(lake.previous()?.into_iter().rev().map(|link| (link.run_id, link.name)));
        needed.extend(lake.active()?.map(|active| (active, "active".to_owned())));
        needed.extend(self.pointer()?.active().map(|active| (active.run_id.clone(), "active.json".to_owned())));
        let (mut runs, mut whole_runs) = (Vec::new(), 0);
        for RunSize { run_id, whole, files, bytes, keys, modified } in self.run_sizes()?.into_iter().rev() {
            whole_runs += usize::from(whole);
            let kept = match needed.get(&run_id) {
                Some(name) => Some(name.clone()),
                None if whole => (whole_runs <= keep).then(|| "newest".to_owned()),
                None => {
                    modified.is_some_and(|time| is_within(time, open_for)).then(|| "it changed not long ago".to_owned())
                }
            };
            runs.push(RemoteRun { run_id, whole, files, bytes, kept, keys });
        }
        Ok(RemotePlan { runs })
    }

    /// Removes the runs of a plan.
    ///
    /// # Errors
    /// Fails if an object cannot be removed. A prune that is run again continues.
    pub fn execute_prune(&self, plan: &RemotePlan, threads: usize) -> anyhow::Result<()> {
        for run in plan.removed() {
            let Some((first, rest)) = run.keys.split_first() else { continue };
            self.call(|bucket| bucket.delete(first))?;
            let results = on_threads(threads, rest.iter().collect(), |key| self.call(|bucket| bucket.delete(key)));
            results.into_iter().collect::<anyhow::Result<()>>()?;
        }
        Ok(())
    }
}

/// Returns whether a time is at most so long ago. One in the future counts: a clock is off, and what is old must not be
/// removed then.
fn is_within(time: Timestamp, span: Duration) -> bool {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    Timestamp::now().duration_since(time) < span
}
