//! A job at work: it waits for its table and for a worker, upserts, and records how it ended. It goes on without its client.

use digdag_task::{ErrorReport, Quiet};
use discogs_lakehouse::own::{self, Dialect, Input, Outcome, Report, Source, Target};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::job::{Ingested, Job, Record, Status};
use super::jobs::stopped;
use super::request::Ask;
use super::spool::Spool;
use crate::NAME;
use crate::app::{App, Shared};
use crate::audit::Entry;
use crate::guard::Caller;
use crate::problem::Problem;

/// A job and all that it needs.
pub struct Work {
    /// The record of the job.
    pub record: Record,
    /// The request.
    pub ask: Ask,
    /// The body.
    pub spool: Spool,
    /// The client that submitted it.
    pub caller: Caller,
    /// Those who follow the job.
    pub sender: watch::Sender<Job>,
    /// The place among the ingests that were let in.
    pub _admission: OwnedSemaphorePermit,
}

/// Carries out a job.
pub async fn work(app: Shared, work: Work) {
    let table = app.jobs.table(&work.record.job.table);
    let turn = async {
        let turn = table.lock_owned().await;
        let worker = app.jobs.workers.clone().acquire_owned().await;
        (turn, worker)
    };
    let turn = tokio::select! {
        biased;
        () = app.stopping.cancelled() => None,
        turn = turn => Some(turn),
    };
    let shared = app.clone();
    let is_stopped = turn.is_none();
    // A panic is caught inside, so the record of the job ends in any case.
    let _ = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        carry_out(&shared, work, is_stopped);
    })
    .await;
}

fn carry_out(app: &App, work: Work, is_stopped: bool) {
    let Work { mut record, ask, spool, caller, sender, _admission } = work;
    let id = record.job.job_id.clone();
    let ended = match is_stopped {
        true => Err(stopped()),
        false => {
            record.job.status = Status::Running;
            sender.send_replace(record.job.clone());
            let upserted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| upsert(app, &ask, &spool)));
            match upserted {
                Ok(Ok(report)) => Ok(report),
                Ok(Err(error)) => Err(of_body(Problem::from(error).report(), &spool)),
                Err(_) => Err(Problem::from(crate::blocking::panicked()).report()),
            }
        }
    };
    record.job.finished = Some(Timestamp::now());
    match ended {
        Ok(report) => {
            let committed = match report.outcome {
                Outcome::Committed(snapshot) => Some(snapshot.to_string()),
                _ => None,
            };
            record.job.status = if committed.is_some() { Status::Committed } else { Status::Unchanged };
            record.job.result = Some(ingested(&report, committed));
        }
        Err(error) => {
            record.job.status = Status::Failed;
            record.job.error = Some(error);
        }
    }
    if let Err(error) = app.jobs.write(&record) {
        // The commit is made; after a restart its snapshot tells of it.
        crate::log::say(format_args!("the record of job {id} cannot be written: {error:#}"));
    }
    app.metrics.job_ended(record.job.status.name());
    let result = record.job.error.as_ref().map_or(record.job.status.name(), |error| error.class.as_str());
    let snapshot_id = record.job.result.as_ref().and_then(|result| result.snapshot_id.clone());
    app.audit.record(&Entry { job_id: Some(id.clone()), snapshot_id, ..caller.entry(result) });
    sender.send_replace(record.job);
    app.jobs.ended(&id);
}

fn upsert(app: &App, ask: &Ask, spool: &Spool) -> anyhow::Result<Report> {
    let input = Input {
        source: &Source::File(spool.path.clone()),
        format: Some(ask.format),
        encoding: ask.encoding,
        dialect: Dialect::default(),
    };
    let target = Target { lake: &app.lake, task: NAME, catalog: &app.parameters.catalog };
    own::upsert(&target, &input, &ask.request, &app.settings.engine, &Quiet)
}

fn ingested(report: &Report, snapshot_id: Option<String>) -> Ingested {
    let counts = &report.counts;
    Ingested {
        snapshot_id,
        rows: Some(counts.input),
        inserted: counts.inserted,
        updated: counts.updated,
        unchanged: counts.unchanged,
        deleted: counts.deleted,
        duplicates: counts.duplicates,
        columns_added: if report.is_new { Vec::new() } else { report.columns.added.clone() },
    }
}

/// Names the body in an error instead of the file that it was spooled to.
fn of_body(error: ErrorReport, spool: &Spool) -> ErrorReport {
    let without =
        |text: &str| text.replace(&*spool.path.to_string_lossy(), "the body").replace(&spool.name, "the body");
    ErrorReport { message: without(&error.message), hint: error.hint.as_deref().map(without), ..error }
}
