//! The jobs: those at work in memory, all of them as records on the disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use digdag_task::{ErrorReport, Failure};
use discogs_lakehouse::lake::{Lake, ServerFolder};
use discogs_lakehouse::tables::iceberg::{CatalogArgs, OwnName, current_table};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use super::job::{Ingested, Job, Record, Status};
use super::request::Ask;
use super::spool::Spool;
use super::work::{Work, work};
use crate::app::Shared;
use crate::blocking;
use crate::guard::Caller;
use crate::problem::Problem;

/// The time for which the record of a job is kept.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The jobs of a server.
pub struct Jobs {
    folder: ServerFolder,
    at_work: Mutex<HashMap<String, AtWork>>,
    /// Lets so many ingests run at once.
    pub(super) workers: Arc<Semaphore>,
    /// One ingest of a table runs at a time: a second one would be overtaken, and start again.
    tables: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A job that waits or runs.
struct AtWork {
    fingerprint: String,
    job: watch::Receiver<Job>,
}

/// A job that was submitted, now or by an earlier request with the same key.
pub struct Submitted(Followed);

enum Followed {
    Ended(Box<Job>),
    AtWork(watch::Receiver<Job>),
}

impl Submitted {
    /// Waits until the job has ended, but not for longer than a time.
    pub async fn wait(&mut self, time: Duration) {
        if let Followed::AtWork(job) = &mut self.0 {
            let _ = tokio::time::timeout(time, job.wait_for(|job| job.status.is_ended())).await;
        }
    }

    /// Returns the job.
    pub fn job(self) -> Job {
        match self.0 {
            Followed::Ended(job) => *job,
            Followed::AtWork(job) => job.borrow().clone(),
        }
    }
}

/// Returns the id of a job: of its client and key, or one of its own.
pub fn id(who: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => hex::encode(&Sha256::digest(format!("{who}\0{key}").as_bytes())[..16]),
        None => Uuid::new_v4().simple().to_string(),
    }
}

/// Returns whether a text is an id of a job.
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Starts a job, unless a request with the same key has.
///
/// # Errors
/// Fails if the key belongs to another request, or if the record cannot be written.
pub async fn submit(
    app: &Shared,
    id: String,
    ask: Ask,
    spool: Spool,
    caller: Caller,
    admission: OwnedSemaphorePermit,
) -> Result<Submitted, Problem> {
    let fingerprint = hex::encode(Sha256::digest(format!("{} {}", spool.sha256, ask.text).as_bytes()));
    let job = Job {
        job_id: id,
        table: ask.request.table.to_string(),
        mode: ask.request.mode.name().to_owned(),
        status: Status::Queued,
        submitted: Timestamp::now(),
        finished: None,
        sha256: spool.sha256.clone(),
        bytes: spool.bytes,
        result: None,
        error: None,
    };
    let record = Record { job, fingerprint, input: spool.name.clone() };
    let shared = app.clone();
    let registered = blocking::run({
        let record = record.clone();
        move || shared.jobs.register(&record)
    });
    match registered.await? {
        Registered::Other => Err(Problem::key_of_another_request()),
        Registered::Known(submitted) => Ok(submitted),
        Registered::New(sender) => {
            let receiver = sender.subscribe();
            app.tasks.spawn(work(app.clone(), Work { record, ask, spool, caller, sender, _admission: admission }));
            Ok(Submitted(Followed::AtWork(receiver)))
        }
    }
}

enum Registered {
    New(watch::Sender<Job>),
    Known(Submitted),
    /// Another request has the key.
    Other,
}

impl Jobs {
    /// Returns the jobs of a lake.
    pub fn open(folder: ServerFolder, at_once: usize) -> Self {
        let workers = Arc::new(Semaphore::new(at_once));
        Jobs { folder, at_work: Mutex::default(), workers, tables: Mutex::default() }
    }

    fn at_work(&self) -> MutexGuard<'_, HashMap<String, AtWork>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a job, unless one of the id is known that did not fail.
    fn register(&self, record: &Record) -> anyhow::Result<Registered> {
        let id = &record.job.job_id;
        let mut at_work = self.at_work();
        if let Some(known) = at_work.get(id) {
            return Ok(match known.fingerprint == record.fingerprint {
                true => Registered::Known(Submitted(Followed::AtWork(known.job.clone()))),
                false => Registered::Other,
            });
        }
        match self.folder.read_job::<Record>(id)? {
            Some(known) if known.job.status == Status::Failed => {}
            Some(known) if known.fingerprint != record.fingerprint => return Ok(Registered::Other),
            Some(known) => return Ok(Registered::Known(Submitted(Followed::Ended(Box::new(known.job))))),
            None => {}
        }
        self.folder.write_job(id, record)?;
        let (sender, job) = watch::channel(record.job.clone());
        at_work.insert(id.clone(), AtWork { fingerprint: record.fingerprint.clone(), job });
        Ok(Registered::New(sender))
    }

    /// Writes the record of a job that goes on. Blocks.
    ///
    /// # Errors
    /// Fails if the record cannot be written.
    pub(super) fn write(&self, record: &Record) -> anyhow::Result<()> {
        self.folder.write_job(&record.job.job_id, record)
    }

    /// Forgets that a job is at work; its record stays.
    pub(super) fn ended(&self, id: &str) {
        self.at_work().remove(id);
    }

    /// Returns the lock of a table.
    pub(super) fn table(&self, table: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        // A lock that no job holds is not needed.
        tables.retain(|_, lock| Arc::strong_count(lock) > 1);
        tables.entry(table.to_owned()).or_default().clone()
    }

    /// Returns a job. Blocks.
    ///
    /// # Errors
    /// Fails if the record cannot be read.
    pub fn find(&self, id: &str) -> anyhow::Result<Option<Job>> {
        if let Some(known) = self.at_work().get(id) {
            return Ok(Some(known.job.borrow().clone()));
        }
        Ok(self.folder.read_job::<Record>(id)?.map(|record| record.job))
    }

    /// Removes the records of old jobs. Blocks.
    ///
    /// # Errors
    /// Fails if a record cannot be removed.
    pub fn remove_old(&self) -> anyhow::Result<usize> {
        self.folder.remove_old_jobs(KEPT, |id| self.at_work().contains_key(id))
    }

    /// Finds out how the jobs ended that were at work when the server before this one was killed: one whose snapshot is in
    /// the table is committed, any other one failed and changed nothing. Blocks.
    ///
    /// # Errors
    /// Fails if a record or the catalog cannot be read.
    pub fn settle_killed(&self, lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<()> {
        for id in self.folder.job_ids()? {
            let Some(mut record) = self.folder.read_job::<Record>(&id)? else { continue };
            if record.job.status.is_ended() {
                continue;
            }
            record.job.finished = Some(Timestamp::now());
            match committed(&record, lake, catalog)? {
                Some(result) => {
                    record.job.status = Status::Committed;
                    record.job.result = Some(result);
                }
                None => {
                    record.job.status = Status::Failed;
                    record.job.error = Some(stopped());
                }
            }
            crate::log::say(format_args!("job {id} of a server that was killed: {}", record.job.status.name()));
            self.folder.write_job(&id, &record)?;
        }
        Ok(())
    }
}

/// Returns the error of a job that the end of the server stopped.
pub fn stopped() -> ErrorReport {
    ErrorReport {
        class: "stopped".to_owned(),
        message: "the server was stopped before the commit; nothing was changed".to_owned(),
        retryable: true,
        hint: Some("send the request again".to_owned()),
    }
}

/// Returns what a job committed, as the snapshot with its input records it.
fn committed(record: &Record, lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<Option<Ingested>> {
    let name: OwnName = record.job.table.parse().map_err(Failure::input)?;
    let Some(table) = current_table(lake, catalog, &name.0)? else { return Ok(None) };
    let found = table.metadata().snapshots().find(|snapshot| {
        let properties = &snapshot.summary().additional_properties;
        properties.get("discogs.input-name") == Some(&record.input)
    });
    Ok(found.map(|snapshot| {
        let properties = &snapshot.summary().additional_properties;
        let count = |name: &str| properties.get(name).and_then(|count| count.parse().ok()).unwrap_or(0);
        Ingested {
            snapshot_id: Some(snapshot.snapshot_id().to_string()),
            inserted: count("discogs.rows-inserted"),
            updated: count("discogs.rows-updated"),
            deleted: count("discogs.rows-deleted"),
            ..Ingested::default()
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_one_job_of_its_client() {
        assert_eq!(id("a", Some("k")), id("a", Some("k")));
        assert_ne!(id("a", Some("k")), id("b", Some("k")));
        assert_ne!(id("a", None), id("a", None));
        for (who, key) in [("a", None), ("a", Some("../../etc"))] {
            assert!(is_id(&id(who, key)));
        }
        for wrong in ["", "../x", "A".repeat(32).as_str(), "0".repeat(33).as_str()] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
