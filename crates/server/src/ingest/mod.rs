//! `POST /ingest/{table}`: a body becomes rows of a table of people's own, in one commit.
//!
//! ```text
//! body ─▶ spool.rs ─▶ jobs.rs ────────────────▶ work.rs ─▶ discogs_lakehouse::own::upsert
//!         a file,     a record on the disk,     one ingest of a table at a time
//!         hashed      and the idempotency key
//! ```

mod job;
mod jobs;
mod request;
mod spool;
mod work;

use axum::Extension;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::Shared;
use crate::body::Incoming;
use crate::guard::{Caller, Done};
use crate::problem::Problem;
use job::{Job, Status};
pub use jobs::Jobs;
use jobs::Submitted;
use request::{Parameters, idempotency_key};
use spool::Spool;

/// `POST /ingest/{table}`: upserts a body into a table.
pub async fn ingest(
    State(app): State<Shared>,
    Path(table): Path<String>,
    query: Result<Query<Parameters>, QueryRejection>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let Query(parameters) = query.map_err(|error| Problem::parameters(error.body_text()))?;
    let ask = parameters.checked(&table, &parts.headers)?;
    let key = idempotency_key(&parts.headers)?;
    let admission = app.admitted.enter().await?;
    let limits = (app.parameters.stall_timeout, app.parameters.body_timeout);
    let incoming = Incoming::new(&parts.headers, body, app.parameters.max_body.0, limits)?;
    let id = jobs::id(&caller.principal.name, key.as_deref());
    let spool = Spool::receive(&app, incoming, &id, ask.format).await?;
    let is_small = spool.bytes <= app.parameters.sync_bytes.0;
    let mut submitted = jobs::submit(&app, id, ask, spool, caller, admission).await?;
    if is_small && !prefers_async(&parts.headers) {
        submitted.wait(app.parameters.sync_wait).await;
    }
    answer(submitted)
}

fn answer(submitted: Submitted) -> Result<Response, Problem> {
    let job = submitted.job();
    let (status, result) = match job.status {
        Status::Committed => (StatusCode::OK, "committed"),
        Status::Unchanged => (StatusCode::OK, "unchanged"),
        Status::Failed => return Err(job.error.map_or_else(|| crate::blocking::panicked().into(), Problem::from)),
        Status::Queued | Status::Running => (StatusCode::ACCEPTED, "accepted"),
    };
    let location = HeaderValue::from_str(&format!("/jobs/{}", job.job_id)).ok();
    let done = Done {
        result: result.to_owned(),
        job_id: Some(job.job_id.clone()),
        snapshot_id: job.result.as_ref().and_then(|result| result.snapshot_id.clone()),
    };
    let mut response = (status, Json(json!(job))).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.extensions_mut().insert(done);
    Ok(response)
}

/// Returns whether a client asks for an answer before the commit (RFC 7240).
fn prefers_async(headers: &HeaderMap) -> bool {
    let preferred = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferred.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("respond-async"))
}

/// `GET /jobs/{job_id}`: a job of an ingest.
pub async fn job(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Job>, Problem> {
    let missing = || Problem::not_found("there is no such job").hint("a job is kept for seven days");
    if !jobs::is_id(&id) {
        return Err(missing());
    }
    let found = crate::blocking::run(move || app.jobs.find(&id));
    Ok(Json(found.await?.ok_or_else(missing)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_str(text).expect("a header"));
            prefers_async(&headers)
        };
        assert!(
            of("respond-async") && of("wait=10, Respond-Async") && !of("wait=10") && !prefers_async(&HeaderMap::new())
        );
    }
}
