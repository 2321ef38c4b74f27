//! The state of each run, from descriptions and manifests, without reading data.

use jiff::Timestamp;
use serde::Serialize;

use super::{Dataset, DiskUsage, Holder, Lake, ManifestDataset, Previous, Run, RunId, SealedRun};
use digdag_task::Failure;

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Tasks may write to it.
    Open,
    /// It passed its checks and never changes.
    Sealed,
    /// A file of the run cannot be read; `problem` has the error.
    Damaged,
}

/// A run, from its descriptions and its manifest.
#[derive(Debug, Serialize)]
pub struct RunStatus {
    /// The run.
    pub run_id: RunId,
    /// Its state.
    pub state: RunState,
    /// Whether `active` points at it.
    pub active: bool,
    /// The links to earlier targets of `active` that point at it.
    pub previous: Vec<String>,
    /// The number of its tables.
    pub tables: usize,
    /// The rows of all tables.
    pub rows: u64,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The part of `bytes` that pruning the run frees.
    pub own_bytes: u64,
    /// The part of `bytes` in files that other runs share.
    pub shared_bytes: u64,
    /// Its disk usage.
    #[serde(skip)]
    pub usage: DiskUsage,
    /// When it was begun.
    pub begun: Option<Timestamp>,
    /// When it was sealed.
    pub sealed: Option<Timestamp>,
    /// Seconds since the run was sealed or, if it is open, begun.
    pub age_seconds: Option<i64>,
    /// Whether the lake keeps the digest of its manifest.
    pub seal_known: bool,
    /// The task that is at work in it.
    pub locked_by: Option<Holder>,
    /// Why it is damaged.
    pub problem: Option<String>,
}

/// Returns the status of every run, newest session first. `previous` are the links to earlier targets of `active`.
///
/// # Errors
/// Fails if the runs cannot be listed.
pub fn run_statuses(lake: &Lake, active: Option<&RunId>, previous: &[Previous]) -> anyhow::Result<Vec<RunStatus>> {
    let mut ids = lake.run_ids()?;
    ids.sort_by(|a, b| b.session().cmp(a.session()).then_with(|| b.cmp(a)));
    Ok(ids.iter().map(|id| RunStatus::of(lake, id, active, previous)).collect())
}

impl RunStatus {
    /// Reads the status of a run. One that cannot be read is damaged, which is no error.
    pub fn of(lake: &Lake, id: &RunId, active: Option<&RunId>, previous: &[Previous]) -> Self {
        let links = previous.iter().filter(|link| link.run_id == *id).map(|link| link.name.clone());
        let mut status = RunStatus {
            run_id: id.clone(),
            state: RunState::Open,
            active: active == Some(id),
            previous: links.collect(),
            tables: 0,
            rows: 0,
            files: 0,
            bytes: 0,
            own_bytes: 0,
            shared_bytes: 0,
            usage: DiskUsage::default(),
            begun: None,
            sealed: None,
            age_seconds: None,
            seal_known: false,
            locked_by: None,
            problem: None,
        };
        if let Err(error) = lake.run(id).and_then(|run| status.fill(&run)) {
            status.state = RunState::Damaged;
            status.problem = Some(Failure::of(&error).message);
        }
        let since = status.sealed.or(status.begun);
        status.age_seconds = since.map(|since| Timestamp::now().duration_since(since).as_secs());
        status
    }

    fn fill(&mut self, run: &Run) -> anyhow::Result<()> {
        self.locked_by = run.holder();
        self.usage = run.disk_usage()?;
        (self.files, self.bytes) = (self.usage.files, self.usage.bytes);
        (self.own_bytes, self.shared_bytes) = (self.usage.own_bytes(), self.usage.shared_bytes());
        self.begun = run.description_if_there()?.map(|description| description.created);
        let tables: Vec<ManifestDataset> = if run.is_sealed()? {
            self.state = RunState::Sealed;
            let sealed = SealedRun::open(run)?;
            self.sealed = Some(sealed.manifest().sealed);
            self.seal_known = sealed.is_anchored();
            sealed.manifest().datasets.clone()
        } else {
            run.datasets()?.iter().map(Dataset::count).map(ManifestDataset::from).collect()
        };
        self.tables = tables.len();
        self.rows = tables.iter().map(|table| table.rows).sum();
        Ok(())
    }
}
