//! Parts of requests. What is no such part is refused as Iceberg's errors.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use lake_catalog::{Error, TableName};

use crate::error::{Refusal, Result};

/// The character between the levels of a namespace.
const LEVELS: char = '\u{1f}';

/// The namespace of the path.
pub(super) struct Namespace(pub String);

/// The table or view of the path.
pub(super) struct Named(pub TableName);

/// The parameters of the query.
pub(super) struct Parameters(pub HashMap<String, String>);

/// The body, as far as the server's limit allows it.
pub(super) struct Body(pub Bytes);

impl<S: Send + Sync> FromRequestParts<S> for Namespace {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let mut path = path(parts, state).await?;
        one_level(path.remove("namespace").unwrap_or_default()).map(Namespace)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let mut path = path(parts, state).await?;
        let namespace = path.remove("namespace").unwrap_or_default();
        let name = path.remove("table").or_else(|| path.remove("view")).unwrap_or_default();
        expect_text(&namespace)?;
        expect_text(&name)?;
        // Clients look for the metadata table t.snapshots as a table `snapshots` of the namespace t, and go on if it is none.
        match namespace.contains(LEVELS) {
            true => Err(Error::NoTable(TableName { namespace: namespace.replace(LEVELS, "."), name }).into()),
            false => Ok(Named(TableName { namespace, name })),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Parameters(query)).map_err(|error| Refusal::bad_request(error.body_text()))
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Body).map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let message = "the body is larger than the server allows";
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BadRequestException", message)
            }
            _ => Refusal::bad_request(format!("the body did not arrive: {}", error.body_text())),
        })
    }
}

async fn path<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<HashMap<String, String>> {
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
    path.map(|Path(path)| path).map_err(|error| Refusal::bad_request(error.body_text()))
}

/// Returns a namespace of one level; the catalog has no other.
fn one_level(namespace: String) -> Result<String> {
    expect_text(&namespace)?;
    match namespace.contains(LEVELS) {
        true => Err(Refusal::no_namespace(&namespace.replace(LEVELS, "."))),
        false => Ok(namespace),
    }
}

/// Refuses NUL, which Postgres takes in no text.
fn expect_text(name: &str) -> Result<()> {
    match name.contains('\0') {
        true => Err(Refusal::bad_request("a name has no NUL")),
        false => Ok(()),
    }
}
