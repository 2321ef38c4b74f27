//! Endpoints of views.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::extract::{Named, Namespace, Parameters};
use super::identifiers;
use crate::error::Result;
use crate::{RestCatalog, Served};

pub(super) async fn list(
    State(catalog): State<RestCatalog>,
    Namespace(namespace): Namespace,
    Parameters(query): Parameters,
) -> Result<Json<Value>> {
    identifiers(catalog, namespace, query, Served::views).await
}

pub(super) async fn load(State(catalog): State<RestCatalog>, Named(view): Named) -> Result<Json<Value>> {
    let (location, metadata) = catalog.run(move |served| served.view(&view)).await?;
    Ok(Json(json!({"metadata-location": location, "metadata": metadata, "config": {}})))
}

pub(super) async fn exists(State(catalog): State<RestCatalog>, Named(view): Named) -> Result<StatusCode> {
    catalog.run(move |served| served.view_location(&view).map(drop)).await?;
    Ok(StatusCode::NO_CONTENT)
}
