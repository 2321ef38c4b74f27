//! Endpoints of tables.

use axum::Json;
use axum::body::Body as Contents;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::Value;

use super::extract::{Body, Named, Namespace, Parameters};
use super::{identifiers, tagged};
use crate::error::{Refusal, Result};
use crate::request::{self, CreateTable, RegisterTable, RenameTable};
use crate::service::{Loaded, committed};
use crate::{RestCatalog, Served};

pub(super) async fn list(
    State(catalog): State<RestCatalog>,
    Namespace(namespace): Namespace,
    Parameters(query): Parameters,
) -> Result<Json<Value>> {
    identifiers(catalog, namespace, query, Served::tables).await
}

pub(super) async fn create(
    State(catalog): State<RestCatalog>,
    Namespace(namespace): Namespace,
    Body(body): Body,
) -> Result<Response<Contents>> {
    let (tag, result) = catalog.run(move |served| served.create(&namespace, CreateTable::parse(&body)?)).await?;
    Ok(match tag {
        Some(tag) => tagged(&tag, Json(result)),
        None => Json(result).into_response(),
    })
}

pub(super) async fn load(
    State(catalog): State<RestCatalog>,
    Named(table): Named,
    Parameters(query): Parameters,
    headers: HeaderMap,
) -> Result<Response<Contents>> {
    let refs_only = match query.get("snapshots").map(String::as_str) {
        None | Some("all") => false,
        Some("refs") => true,
        Some(_) => return Err(Refusal::bad_request("snapshots: expected all or refs")),
    };
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let known: Vec<_> = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect();
    // Some proxies make a tag weak.
    let has = move |tag: &str| known.iter().any(|known| known.trim_start_matches("W/") == tag);
    Ok(match catalog.run(move |served| served.load(&table, refs_only, has)).await? {
        Loaded::NotModified { tag } => tagged(&tag, StatusCode::NOT_MODIFIED),
        Loaded::Table { tag, result } => tagged(&tag, Json(result)),
    })
}

pub(super) async fn exists(State(catalog): State<RestCatalog>, Named(table): Named) -> Result<StatusCode> {
    catalog.run(move |served| served.expect_table(&table)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn commit(
    State(catalog): State<RestCatalog>,
    Named(table): Named,
    Body(body): Body,
) -> Result<Json<Value>> {
    let answer = catalog.run(move |served| {
        let tables = served.commit(&[request::commit_table(&body, table)?])?;
        let table = tables.first().ok_or_else(|| Refusal::broken("the table was not returned"))?;
        committed(table)
    });
    answer.await.map(Json)
}

pub(super) async fn commit_transaction(State(catalog): State<RestCatalog>, Body(body): Body) -> Result<StatusCode> {
    catalog.run(move |served| served.commit(&request::commit_transaction(&body)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(catalog): State<RestCatalog>,
    Named(table): Named,
    Parameters(query): Parameters,
) -> Result<StatusCode> {
    let is_purged = match query.get("purgeRequested").map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("false" | "") => false,
        Some("true") => true,
        Some(_) => return Err(Refusal::bad_request("purgeRequested: expected true or false")),
    };
    catalog.run(move |served| served.drop_table(&table, is_purged)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn register(
    State(catalog): State<RestCatalog>,
    Namespace(namespace): Namespace,
    Body(body): Body,
) -> Result<Response<Contents>> {
    let request = RegisterTable::parse(&body)?;
    let (tag, result) = catalog.run(move |served| served.register(&namespace, &request)).await?;
    Ok(tagged(&tag, Json(result)))
}

pub(super) async fn rename(State(catalog): State<RestCatalog>, Body(body): Body) -> Result<StatusCode> {
    let request = RenameTable::parse(&body)?;
    catalog.run(move |served| served.rename(&request)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts a metrics report, and keeps nothing of it.
pub(super) async fn metrics(Named(_): Named, Body(body): Body) -> Result<StatusCode> {
    request::metrics(&body)?;
    Ok(StatusCode::NO_CONTENT)
}
