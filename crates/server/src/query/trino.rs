//! A query on Trino, in the schema over one run.

use std::sync::Arc;

use digdag_task::Quiet;
use discogs_lakehouse::query::{PageWriter, TooManyRows, tables_of};
use discogs_lakehouse::sql::{Trino, refuse_changes};
use discogs_lakehouse::tables::iceberg::run_at;

use super::ORIGIN;
use super::accept::Answer;
use super::request::Asked;
use crate::app::App;
use crate::cancel::Cancel;
use crate::stream::Outlet;

/// Runs a statement and writes its rows.
///
/// # Errors
/// Fails unless it is a statement that reads, with Trino's error, or if the query is cancelled.
pub fn run(app: &App, ask: &Asked, answer: Answer, outlet: &mut Outlet, cancel: &Cancel) -> anyhow::Result<()> {
    refuse_changes(&ask.sql, ORIGIN)?;
    let run = match &ask.state.as_of {
        Some(as_of) => run_at(&mut tables_of(&app.lake, &ask.state.catalog)?, as_of)?,
        None => app.lake.published()?,
    };
    let schema = app.parameters.trino.run_schema(run.as_str());
    let trino = Trino::open(&app.parameters.trino, &schema, Arc::new(Quiet))?;
    outlet.set_run(Some(run));
    let mut writer = PageWriter::new(answer.format, outlet, ask.cells)?;
    let mut rows = 0;
    trino.stream(&ask.sql, ORIGIN, |page| {
        cancel.check()?;
        rows += page.rows.len();
        if rows > ask.max_rows {
            return Err(TooManyRows(ask.max_rows).into());
        }
        writer.write(page)
    })?;
    writer.finish()
}
