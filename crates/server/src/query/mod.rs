//! `POST /query`: runs one statement that reads, and streams its rows.

mod accept;
mod duckdb;
mod request;
mod trino;

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use digdag_task::{Class, Failure};
use discogs_lakehouse::commands::failure_of;

use crate::app::Shared;
use crate::problem::Problem;
use crate::{body, stream};
use accept::chosen;
use request::{Ask, EngineOf};

/// How messages name the statement.
const ORIGIN: &str = "the given SQL";

/// The errors of DuckDB at values, which it reports as texts while a statement runs.
const OF_VALUES: [&str; 5] =
    ["Conversion Error", "Invalid Input Error", "Out of Range Error", "Out of Memory Error", "Mismatch Type Error"];

/// `POST /query`: runs one statement that reads, and streams its rows.
pub async fn query(State(app): State<Shared>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let answer = chosen(&headers)?;
    let ask: Ask = body::json(&headers, body, app.parameters.stall_timeout).await?;
    let ask = ask.checked(&app)?;
    if ask.engine == EngineOf::Trino && !answer.is_of_trino() {
        return Err(Problem::not_acceptable("Trino's rows come as JSON, NDJSON or CSV").hint("set the header Accept"));
    }
    let permit = app.queries.enter().await?;
    let (limit, shared) = (ask.timeout, app.clone());
    stream::answer(&app, permit, limit, answer.content_type(), move |outlet, cancel| {
        let run = match ask.engine {
            EngineOf::Duckdb => duckdb::run(&shared, &ask, answer, outlet, cancel),
            EngineOf::Trino => trino::run(&shared, &ask, answer, outlet, cancel),
        };
        run.map_err(of_statement)
    })
    .await
}

/// Classifies an error that DuckDB reports while a statement runs as one of the statement, and adapts hints at parameters of
/// a task.
fn of_statement(error: anyhow::Error) -> anyhow::Error {
    if error.is::<discogs_lakehouse::query::TooManyRows>() {
        return error;
    }
    let failure = failure_of(&error);
    if failure.class == Class::Unexpected && OF_VALUES.iter().any(|kind| failure.message.contains(kind)) {
        let hint = match failure.message.contains("Out of Memory") {
            true => "ask for less at once, or raise --memory-limit of the server",
            false => "correct the statement, or use TRY_CAST",
        };
        return Failure::input(failure.message).hint(hint).into();
    }
    match failure.hint.as_deref() {
        Some(hint) if hint.contains("--allow-files") => {
            Failure { hint: Some("SQL reads only the lake's own files".to_owned()), ..failure }.into()
        }
        _ => failure.into(),
    }
}

/// Returns a limit that a request asks for, within that of the server.
fn within(asked: Option<u64>, limit: Duration) -> Duration {
    asked.map_or(limit, |seconds| Duration::from_secs(seconds).min(limit))
}
