//! Whether the server works, its metrics, and the runs of the lake.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use discogs_lakehouse::lake::{RunId, RunStatus, run_statuses};
use discogs_lakehouse::metrics;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::blocking;
use crate::problem::Problem;

/// `GET /healthz`: the process answers.
pub async fn healthy() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: the lake can be read.
pub async fn ready(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    if app.stopping.is_cancelled() {
        return Err(Problem::busy("the server is being stopped"));
    }
    let lake = app.lake.clone();
    let active = blocking::run(move || lake.active().and_then(|active| lake.run_ids().map(|_| active))).await;
    match active {
        Ok(active) => Ok(Json(json!({"status": "ready", "active": active}))),
        Err(problem) => Err(Problem::busy(problem.detail).hint(problem.hint.unwrap_or_default())),
    }
}

/// `GET /metrics`: the metrics of the lake and of the server.
pub async fn metrics(State(app): State<Shared>) -> Result<Response, Problem> {
    let text = blocking::run(move || {
        let lake = metrics::gather(&app.lake, &app.parameters.catalog)?;
        Ok(format!("{lake}{}", app.metrics.text(&app)?))
    });
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text.await?).into_response())
}

/// `GET /runs`: the runs, newest first.
pub async fn list(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    let listed = blocking::run(move || {
        // An `active` that is no link to a run must not hide the runs.
        let active = app.lake.active().ok().flatten();
        let previous = app.lake.previous()?;
        let links: Vec<_> = previous.iter().map(|link| json!({"name": link.name, "run_id": link.run_id})).collect();
        let runs = run_statuses(&app.lake, active.as_ref(), &previous)?;
        Ok(json!({"active": active, "previous": links, "runs": runs}))
    });
    Ok(Json(listed.await?))
}

/// `GET /runs/{run_id}`: a run with the outcomes of its tasks and the newest report of its checks.
pub async fn describe(State(app): State<Shared>, Path(run_id): Path<String>) -> Result<Json<Value>, Problem> {
    let missing = || Problem::not_found("there is no such run").hint("/runs lists them");
    let id: RunId = run_id.parse().map_err(|_| missing())?;
    let described = blocking::run(move || {
        if !app.lake.run_ids()?.contains(&id) {
            return Ok(None);
        }
        let run = app.lake.run(&id)?;
        let status = RunStatus::of(&app.lake, &id, app.lake.active().ok().flatten().as_ref(), &app.lake.previous()?);
        Ok(Some(json!({"run": status, "tasks": run.outcomes()?, "report": run.newest_report()?})))
    });
    Ok(Json(described.await?.ok_or_else(missing)?))
}
