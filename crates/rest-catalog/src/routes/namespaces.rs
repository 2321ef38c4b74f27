//! Endpoints of namespaces.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::extract::{Body, Namespace, Parameters};
use super::page;
use crate::RestCatalog;
use crate::error::Result;
use crate::request::{CreateNamespace, Page, UpdateProperties};

pub(super) async fn list(State(catalog): State<RestCatalog>, Parameters(query): Parameters) -> Result<Json<Value>> {
    let asked = Page::parse(&query)?;
    let parent = query.get("parent").cloned();
    let (namespaces, next) = catalog.run(move |served| served.namespaces(parent.as_deref(), &asked)).await?;
    Ok(page("namespaces", namespaces.into_iter().map(|namespace| json!([namespace])).collect(), next))
}

pub(super) async fn create(State(catalog): State<RestCatalog>, Body(body): Body) -> Result<Json<Value>> {
    let request = CreateNamespace::parse(&body)?;
    let namespace = request.namespace.clone();
    let properties = catalog.run(move |served| served.create_namespace(&request)).await?;
    Ok(Json(json!({"namespace": [namespace], "properties": properties})))
}

pub(super) async fn load(State(catalog): State<RestCatalog>, Namespace(namespace): Namespace) -> Result<Json<Value>> {
    let name = namespace.clone();
    let properties = catalog.run(move |served| served.namespace(&name)).await?;
    Ok(Json(json!({"namespace": [namespace], "properties": properties})))
}

pub(super) async fn exists(State(catalog): State<RestCatalog>, Namespace(namespace): Namespace) -> Result<StatusCode> {
    catalog.run(move |served| served.namespace(&namespace).map(drop)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(State(catalog): State<RestCatalog>, Namespace(namespace): Namespace) -> Result<StatusCode> {
    catalog.run(move |served| served.drop_namespace(&namespace)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn update(
    State(catalog): State<RestCatalog>,
    Namespace(namespace): Namespace,
    Body(body): Body,
) -> Result<Json<Value>> {
    let request = UpdateProperties::parse(&body)?;
    let changed = catalog.run(move |served| served.update_namespace(&namespace, &request)).await?;
    Ok(Json(json!({"removed": changed.removed, "updated": changed.updated, "missing": changed.missing})))
}
