//! Records which session writes metadata, so that the files of a killed session are found and removed.
//!
//! ```text
//! session recorded ─▶ files written ─▶ catalog committed ─▶ record removed
//! ```

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;
use lake_catalog::{Session, TableChange};
use serde::{Deserialize, Serialize};

use super::{Tables, failure};
use crate::lake::Lake;
use digdag_task::{Class, Failure};

/// Attempts at a commit that other writers overtake.
const MAX_ATTEMPTS: usize = 5;

/// `_meta/session.json`: the session that writes metadata files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    session: String,
    /// Sessions that were killed before this one, and whose files a lost catalog does not tell from committed ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<String>,
}

/// Records the session of a task while it writes.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    is_recorded: bool,
    is_held: bool,
}

impl Recorder {
    /// Like [`Recorder::begin`], for several commits to a catalog that replaces the lake's at the end: the record stays
    /// until the caller removes it, and keeps the sessions that were killed before.
    pub fn hold(&mut self, lake: &Lake, session: Session, killed: &[Session]) -> anyhow::Result<()> {
        self.is_held = true;
        self.record(lake, session, killed)
    }

    /// Records the session. Called before the first file of a commit is written.
    pub fn begin(&mut self, lake: &Lake, session: Session) -> anyhow::Result<()> {
        if self.is_recorded { Ok(()) } else { self.record(lake, session, &[]) }
    }

    fn record(&mut self, lake: &Lake, session: Session, killed: &[Session]) -> anyhow::Result<()> {
        let earlier = killed.iter().map(Session::to_string).collect();
        let record = Record { session: session.to_string(), earlier };
        lake.keep_file(Lake::SESSION, &serde_json::to_vec(&record)?)?;
        self.is_recorded = true;
        Ok(())
    }

    /// Removes the record, after all that was written is committed.
    fn end(&mut self, lake: &Lake) -> anyhow::Result<()> {
        if self.is_held {
            return Ok(());
        }
        self.is_recorded = false;
        lake.remove_meta_file(Lake::SESSION)
    }
}

impl Tables {
    /// Commits changes, unless there are none.
    pub(super) fn commit(&mut self, changes: Vec<TableChange>, at: i64) -> anyhow::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.recorder.begin(&self.lake, self.catalog.session())?;
        // After an error the record stays, and the next task removes what this one wrote.
        self.catalog.commit(changes, at).map_err(failure)?;
        self.recorder.end(&self.lake)
    }

    /// Runs a step that commits, and runs it again if another writer committed first.
    pub(super) fn repeat<T>(&mut self, mut step: impl FnMut(&mut Tables) -> anyhow::Result<T>) -> anyhow::Result<T> {
        for _ in 1..MAX_ATTEMPTS {
            match step(self) {
                Err(error) if is_conflict(&error) => {}
                outcome => return outcome,
            }
        }
        step(self)
    }

    /// Removes the files that a killed session wrote and did not commit.
    pub(super) fn remove_files_of_killed_session(&mut self) -> anyhow::Result<()> {
        let killed = killed_sessions(&self.lake)?;
        if killed.is_empty() {
            return Ok(());
        }
        for session in killed {
            self.remove_orphans(session)?;
        }
        self.recorder.end(&self.lake)
    }
}

impl Tables {
    /// Removes the files of a session that no table names, in the lake and in the warehouse.
    pub(super) fn remove_orphans(&mut self, session: Session) -> anyhow::Result<()> {
        // People's own tables are in the lake in any case.
        for folder in BTreeSet::from([self.lake.tables_folder(), self.folder_of_runs()]) {
            self.catalog.remove_orphans(&folder, session).map_err(failure)?;
        }
        Ok(())
    }
}

/// Returns the sessions that were killed, or whose commit is not known to have failed. The caller holds the lake's lock.
pub(super) fn killed_sessions(lake: &Lake) -> anyhow::Result<Vec<Session>> {
    let path = lake.meta_file(Lake::SESSION);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let invalid = |why: String| Failure::input(format!("{} is not a session's record: {why}", path.display()));
    let record: Record = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
    let sessions = std::iter::once(&record.session).chain(&record.earlier);
    let sessions =
        sessions.map(|session| session.parse::<Session>().map_err(|_| invalid("expected a UUID".to_owned())));
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// Returns the sessions of the commits that a server of the REST catalog was making when it was killed: each has a record,
/// `_meta/rest-catalog/commits/<session>.json`, until its outcome is known. No such server may be running.
pub(super) fn killed_in_a_server(lake: &Lake) -> anyhow::Result<Vec<Session>> {
    let folder = lake.meta_file(Lake::REST_CATALOG).join("commits");
    let listed = match fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let mut sessions = Vec::new();
    for entry in listed {
        let name = entry.with_context(|| format!("cannot list {}", folder.display()))?.file_name();
        sessions.extend(name.to_str().and_then(|name| name.strip_suffix(".json")?.parse::<Session>().ok()));
    }
    Ok(sessions)
}

/// Returns whether another writer committed to one of the tables first.
pub(super) fn is_conflict(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<Failure>().is_some_and(|failure| failure.class == Class::Locked))
}
