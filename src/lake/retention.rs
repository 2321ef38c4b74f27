//! Which runs are kept: a plan that can be shown before it is executed.
//!
//! A run is removed by one rename into `_meta/_staging` and deleted there, so a prune that is killed leaves no half run in
//! `_runs`. What it leaves in `_meta/_staging` is an orphan in the next plan.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::DateTime;
use serde::Serialize;

use super::disk::durable::{remove_folder_if_there, rename};
use super::disk::lock::{self, Holder};
use super::disk::usage::DiskUsage;
use super::orphans::PRUNED;
use super::{Lake, LockedLake, Orphans, Previous, RunId};
use digdag_task::Failure;

/// What to keep.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The number of newest sealed runs to keep, and of newest runs that are not sealed.
    pub keep: usize,
    /// The number of newest links to earlier targets of `active` to keep, not counting links to its present target; `None`
    /// keeps all. The other links are removed before any run, because a run stays as long as a link points at it.
    pub previous: Option<usize>,
    /// A run that is not sealed is kept if it changed within this time: it may be between two tasks of its workflow.
    pub open_for: Duration,
    /// Runs whose session is at this time or later are kept, and the links to them; `None` if age keeps no run.
    pub begun_since: Option<DateTime>,
}

/// Why a run is kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepReason {
    /// `active` points at it.
    Active,
    /// The link of this name points at it; a rollback returns there.
    Previous(String),
    /// A task holds it.
    Locked(Holder),
    /// It is among the newest.
    Newest,
    /// It is not sealed and changed recently.
    Open,
    /// It was begun within the time for which runs are kept.
    Young,
    /// This ref or snapshot of an Iceberg table needs it.
    Table(String),
}

/// A run of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedRun {
    /// The run.
    pub run_id: RunId,
    /// Whether it is sealed.
    pub sealed: bool,
    /// The number of its files.
    pub files: u64,
    /// The bytes of its files.
    pub bytes: u64,
    /// Those of `bytes` that no other run shares.
    pub own_bytes: u64,
    /// Why it is kept; `None` if it is removed.
    pub kept: Option<KeepReason>,
    #[serde(skip)]
    usage: DiskUsage,
}

/// What a prune removes and keeps, newest run first.
#[derive(Clone, Debug, Serialize)]
pub struct PrunePlan {
    /// Every run of the lake.
    pub runs: Vec<PlannedRun>,
    /// The links to earlier targets of `active` to remove, newest first.
    pub links: Vec<Previous>,
    /// The orphans to remove.
    pub orphans: Orphans,
}

impl PrunePlan {
    /// Returns the runs to remove.
    pub fn removed(&self) -> impl Iterator<Item = &PlannedRun> {
        self.runs.iter().filter(|run| run.kept.is_none())
    }

    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.orphans.count() == 0 && self.removed().next().is_none()
    }

    /// Returns the bytes that become free; files shared with a run that stays free nothing.
    pub fn freed_bytes(&self) -> u64 {
        let mut going = DiskUsage::default();
        self.removed().for_each(|run| going.add(&run.usage));
        going.own_bytes() + self.orphans.bytes()
    }

    /// Removes what is in the plan. A run that a task has locked since the plan was made is kept; afterwards the plan says
    /// so.
    ///
    /// # Errors
    /// Returns an error if a link, a run or an orphan cannot be removed. A prune that is run again continues.
    pub fn execute(&mut self, locked: &LockedLake, task: &str) -> anyhow::Result<()> {
        let lake = locked.lake();
        // The links go first: a kill here leaves runs without a link, never a link to a run that is gone.
        self.links.iter().try_for_each(|link| locked.forget(link))?;
        // The lake's lock keeps the pointers in place, but the plan may be older than the lock.
        let pointed_at = pointers(lake.active()?, lake.previous()?);
        lake.make_folder(&lake.staging_folder())?;
        self.orphans.remove_staged()?;
        for planned in self.runs.iter_mut().filter(|run| run.kept.is_none()) {
            planned.kept = pointed_at.get(&planned.run_id).cloned();
            if planned.kept.is_some() {
                continue;
            }
            let run = lake.run(&planned.run_id)?;
            let Some(lock) = lock::if_free(&run.run_lock()?, task)? else {
                planned.kept = Some(KeepReason::Locked(run.holder().unwrap_or_else(Holder::unknown)));
                continue;
            };
            let going = lake.staging_folder().join(format!("{PRUNED}{}", planned.run_id));
            remove_folder_if_there(&going)?;
            rename(run.folder(), &going)?;
            if run.anchor()?.is_some() {
                lake.remove_anchor(&planned.run_id)?;
            }
            lake.remove_journal(&planned.run_id)?;
            remove_folder_if_there(&going)?;
            drop(lock);
        }
        self.orphans.remove_rest(lake, task)
    }
}

impl Lake {
    /// Plans a prune. Takes no lock and changes nothing. `held` are runs that something else than a pointer needs.
    ///
    /// # Errors
    /// Refuses a lake whose `active` is not a link into `_runs`, because what its readers need is unknown.
    pub fn plan_prune(&self, retention: Retention, held: &BTreeMap<RunId, String>) -> anyhow::Result<PrunePlan> {
        let active = self.active()?;
        let (kept, links) = split_previous(self.previous()?, active.as_ref(), &retention);
        let pointed_at = pointers(active, kept);
        let mut ids = self.run_ids()?;
        ids.sort_by(|a, b| b.session().cmp(a.session()).then_with(|| b.cmp(a)));
        let mut newest = [0, 0];
        let mut runs = Vec::new();
        for id in &ids {
            let run = self.run(id)?;
            let sealed = run.is_sealed()?;
            let usage = run.disk_usage()?;
            newest[usize::from(sealed)] += 1;
            let kept = match pointed_at.get(id).cloned() {
                Some(kept) => Some(kept),
                None => match run.holder() {
                    Some(holder) => Some(KeepReason::Locked(holder)),
                    None if newest[usize::from(sealed)] <= retention.keep => Some(KeepReason::Newest),
                    None if retention.is_young(id) => Some(KeepReason::Young),
                    None if !sealed && usage.changed_within(retention.open_for) => Some(KeepReason::Open),
                    None => held.get(id).cloned().map(KeepReason::Table),
                },
            };
            let (files, bytes, own_bytes) = (usage.files, usage.bytes, usage.own_bytes());
            runs.push(PlannedRun { run_id: id.clone(), sealed, files, bytes, own_bytes, kept, usage });
        }
        let going: Vec<RunId> = runs.iter().filter(|run| run.kept.is_none()).map(|run| run.run_id.clone()).collect();
        Ok(PrunePlan { runs, links, orphans: self.orphans(retention.open_for, &going)? })
    }
}

/// Maps each run that `active` or a link to an earlier target points at to the reason to keep it.
fn pointers(active: Option<RunId>, previous: Vec<Previous>) -> BTreeMap<RunId, KeepReason> {
    let previous = previous.into_iter().rev().map(|link| (link.run_id, KeepReason::Previous(link.name)));
    previous.chain(active.map(|active| (active, KeepReason::Active))).collect()
}

/// Splits links, newest first, into those to keep and those to remove. A link to the active run does not count, because a
/// rollback skips it.
fn split_previous(
    mut links: Vec<Previous>,
    active: Option<&RunId>,
    retention: &Retention,
) -> (Vec<Previous>, Vec<Previous>) {
    let Some(keep) = retention.previous else { return (links, Vec::new()) };
    let to_others = links.iter().enumerate().filter(|(_, link)| Some(&link.run_id) != active);
    let beyond = to_others.skip(keep).find(|(_, link)| !retention.is_young(&link.run_id));
    let first_to_go = beyond.map_or(links.len(), |(index, _)| index);
    let going = links.split_off(first_to_go);
    (links, going)
}

impl Retention {
    /// For how many hours an open run is kept by default.
    pub const OPEN_HOURS: u32 = 48;

    /// Returns a retention.
    ///
    /// # Errors
    /// Refuses to keep no run or no link to an earlier target.
    pub fn new(keep: usize, previous: Option<usize>, open_for: Duration) -> Result<Self, Failure> {
        if keep == 0 {
            return Err(Failure::parameters("parameter keep: expected at least 1, found 0"));
        }
        if previous == Some(0) {
            return Err(Failure::parameters(
                "parameter keep_previous: expected at least 1, found 0; without a link there is no rollback",
            ));
        }
        Ok(Retention { keep, previous, open_for, begun_since: None })
    }

    /// Returns whether the age of a run keeps it.
    fn is_young(&self, id: &RunId) -> bool {
        self.begun_since.is_some_and(|since| *id.session() >= *since.strftime("%Y%m%d_%H%M%S").to_string())
    }
}
