//! A query on DuckDB, in the sandbox of the task `query`.

use std::sync::Arc;

use digdag_task::{Quiet, Scratch, SharedObserver};
use discogs_lakehouse::query::{self, Mounted, mount};
use discogs_lakehouse::sql::{DuckDb, SandboxParameters};

use super::ORIGIN;
use super::accept::Answer;
use super::request::Asked;
use crate::app::App;
use crate::cancel::Cancel;
use crate::stream::Outlet;

/// Runs a statement and writes its rows.
///
/// # Errors
/// Fails unless it is a single statement that reads, with DuckDB's error, or if the query is cancelled.
pub fn run(app: &App, ask: &Asked, answer: Answer, outlet: &mut Outlet, cancel: &Cancel) -> anyhow::Result<()> {
    cancel.check()?;
    let scratch = Scratch::of_the_system("discogs-query.")?;
    let engine = DuckDb::open(&cancel.limits(&app.settings.engine), scratch.path())?;
    engine.limit_spill(app.parameters.spill_limit)?;
    let quiet: SharedObserver = Arc::new(Quiet);
    let mounted = mount(engine, &app.lake, &ask.state, &ask.sql, SandboxParameters::default(), &quiet)?;
    let Mounted { sandbox, run, .. } = mounted;
    outlet.set_run(run);
    let mut rows = query::Answer::new(&sandbox, &ask.sql, ORIGIN)?.at_most(ask.max_rows);
    answer.format.write(&mut rows, outlet, ask.cells)
}
