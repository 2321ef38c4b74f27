//! Which runs are kept, as a plan that can be shown before it is carried out.
//!
//! A run is removed by one rename into `_meta/_staging`, and deleted there: a prune that is killed leaves no half run where
//! runs are. What it left is in the next plan as a leftover.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::disk::durable::{remove_folder_if_there, rename};
use super::disk::lock;
use super::{Extent, Holder, Lake, Leftovers, LockedLake, Previous, RunId};
use digdag_task::Failure;

/// In front of the run id in `_meta/_staging`.
pub(super) const PRUNED: &str = "pruned.";

/// What is asked to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// This many of the newest sealed runs, and as many of the newest that are not sealed.
    pub keep: usize,
    /// This many of the newest links to what `active` was, not counting those to what it is; all where it is not said.
    /// The others go before any run does: a run is needed as long as a link to it is there, never longer.
    pub previous: Option<usize>,
    /// A run that is not sealed and changed within this time may be between two tasks of its workflow.
    pub open_for: Duration,
}

/// Why a run stays.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// `active` points at it.
    Active,
    /// The link of this name points at it: a rollback goes there.
    Previous(String),
    /// A task holds it.
    Locked(Holder),
    /// It is among the newest.
    Newest,
    /// It is not sealed, and changed not long ago.
    Open,
}

/// A run and what becomes of it.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedRun {
    pub run_id: RunId,
    pub sealed: bool,
    pub files: u64,
    pub bytes: u64,
    /// Those of `bytes` that no other run holds.
    pub own_bytes: u64,
    /// Nothing: it goes.
    pub kept: Option<Kept>,
    #[serde(skip)]
    extent: Extent,
}

/// What a prune would do, newest run first.
#[derive(Clone, Debug, Serialize)]
pub struct PrunePlan {
    pub runs: Vec<PlannedRun>,
    /// Links to what `active` was that go, newest first.
    pub links: Vec<Previous>,
    pub leftovers: Leftovers,
}

impl PrunePlan {
    /// The runs that go.
    pub fn removed(&self) -> impl Iterator<Item = &PlannedRun> {
        self.runs.iter().filter(|run| run.kept.is_none())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.leftovers.count() == 0 && self.removed().next().is_none()
    }

    /// The bytes that become free: not those of files that a run which stays holds too.
    pub fn freed_bytes(&self) -> u64 {
        let mut going = Extent::default();
        self.removed().for_each(|run| going.add(&run.extent));
        going.own_bytes() + self.leftovers.bytes()
    }

    /// Removes what the plan says, run by run. A run that a task has taken since the plan was made is kept; the plan says
    /// so afterwards.
    pub fn carry_out(&mut self, locked: &LockedLake, task: &str) -> anyhow::Result<()> {
        let lake = locked.lake();
        // First the links: what is killed here leaves runs that nothing points at, never a link to a run that is gone.
        self.links.iter().try_for_each(|link| locked.forget(link))?;
        // The lake's lock keeps the pointers where they are; the plan may be older than the lock.
        let pointed_at = pointers(lake.active()?, lake.previous()?);
        lake.make_folder(&lake.staging_folder())?;
        self.leftovers.remove_staged()?;
        for planned in self.runs.iter_mut().filter(|run| run.kept.is_none()) {
            planned.kept = pointed_at.get(&planned.run_id).cloned();
            if planned.kept.is_some() {
                continue;
            }
            let run = lake.run(&planned.run_id)?;
            let Some(lock) = lock::if_free(&run.run_lock()?, task)? else {
                planned.kept = Some(Kept::Locked(run.holder().unwrap_or_else(Holder::unknown)));
                continue;
            };
            let going = lake.staging_folder().join(format!("{PRUNED}{}", planned.run_id));
            remove_folder_if_there(&going)?;
            rename(run.folder(), &going)?;
            if run.anchor()?.is_some() {
                lake.remove_anchor(&planned.run_id)?;
            }
            remove_folder_if_there(&going)?;
            drop(lock);
        }
        self.leftovers.remove_rest(lake, task)
    }
}

impl Lake {
    /// What a prune would do now. Needs no lock and changes nothing. A lake whose `active` is no pointer of ours is
    /// refused: who knows what its readers need.
    pub fn plan_prune(&self, retention: Retention) -> anyhow::Result<PrunePlan> {
        let active = self.active()?;
        let (kept, links) = split_previous(self.previous()?, active.as_ref(), retention.previous);
        let pointed_at = pointers(active, kept);
        let mut ids = self.run_ids()?;
        ids.sort_by(|a, b| b.session().cmp(a.session()).then_with(|| b.cmp(a)));
        let mut newest = [0, 0];
        let mut runs = Vec::new();
        for id in &ids {
            let run = self.run(id)?;
            let sealed = run.is_sealed()?;
            let extent = run.extent()?;
            newest[usize::from(sealed)] += 1;
            let kept = match pointed_at.get(id).cloned() {
                Some(kept) => Some(kept),
                None => match run.holder() {
                    Some(holder) => Some(Kept::Locked(holder)),
                    None if newest[usize::from(sealed)] <= retention.keep => Some(Kept::Newest),
                    None if !sealed && extent.changed_within(retention.open_for) => Some(Kept::Open),
                    None => None,
                },
            };
            let (files, bytes, own_bytes) = (extent.files, extent.bytes, extent.own_bytes());
            runs.push(PlannedRun { run_id: id.clone(), sealed, files, bytes, own_bytes, kept, extent });
        }
        let going: Vec<RunId> = runs.iter().filter(|run| run.kept.is_none()).map(|run| run.run_id.clone()).collect();
        Ok(PrunePlan { runs, links, leftovers: self.leftovers(retention.open_for, &going)? })
    }
}

/// The runs that `active` and its predecessors point at.
fn pointers(active: Option<RunId>, previous: Vec<Previous>) -> BTreeMap<RunId, Kept> {
    let previous = previous.into_iter().rev().map(|link| (link.run_id, Kept::Previous(link.name)));
    previous.chain(active.map(|active| (active, Kept::Active))).collect()
}

/// Links, newest first, as those that stay and those that go: as many stay as a rollback can use so many times.
fn split_previous(
    mut links: Vec<Previous>,
    active: Option<&RunId>,
    keep: Option<usize>,
) -> (Vec<Previous>, Vec<Previous>) {
    let Some(keep) = keep else { return (links, Vec::new()) };
    let to_others = links.iter().enumerate().filter(|(_, link)| Some(&link.run_id) != active);
    let first_to_go = to_others.map(|(index, _)| index).nth(keep).unwrap_or(links.len());
    let going = links.split_off(first_to_go);
    (links, going)
}

impl Retention {
    /// How long an open run is kept where nobody says it.
    pub const OPEN_HOURS: u32 = 48;

    /// # Errors
    /// Keeping nothing is no retention, and a lake without a way back is not asked for by accident.
    pub fn new(keep: usize, previous: Option<usize>, open_for: Duration) -> Result<Self, Failure> {
        if keep == 0 {
            return Err(Failure::parameters("parameter keep: at least 1 run is kept"));
        }
        if previous == Some(0) {
            return Err(Failure::parameters(
                "parameter keep_previous: at least 1 link is kept, or a rollback has no way",
            ));
        }
        Ok(Retention { keep, previous, open_for })
    }
}
