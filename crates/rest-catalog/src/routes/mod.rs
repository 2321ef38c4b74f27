//! The endpoints.

mod extract;
mod namespaces;
mod tables;
mod views;

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::error::{Refusal, Result};
use crate::request::Page;
use crate::{RestCatalog, Served};
use extract::Parameters;

/// The prefix of this catalog's endpoints, which is its name in the database as well.
const PREFIX: &str = "lake";

/// The endpoints as clients look for them.
const ENDPOINTS: [&str; 19] = [
    "GET /v1/{prefix}/namespaces",
    "POST /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "DELETE /v1/{prefix}/namespaces/{namespace}",
    "POST /v1/{prefix}/namespaces/{namespace}/properties",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "POST /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
    "POST /v1/{prefix}/namespaces/{namespace}/register",
    "POST /v1/{prefix}/tables/rename",
    "POST /v1/{prefix}/transactions/commit",
    "GET /v1/{prefix}/namespaces/{namespace}/views",
    "GET /v1/{prefix}/namespaces/{namespace}/views/{view}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}",
];

/// Returns the router, with the endpoints both behind the prefix and, for clients without a configuration, without it.
pub(crate) fn router() -> Router<RestCatalog> {
    Router::new()
        .route("/v1/config", get(config))
        .nest("/v1", endpoints())
        .nest(&format!("/v1/{PREFIX}"), endpoints())
        .fallback(no_endpoint)
        .method_not_allowed_fallback(no_method)
}

fn endpoints() -> Router<RestCatalog> {
    let namespace = get(namespaces::load).head(namespaces::exists).delete(namespaces::remove);
    let table = get(tables::load).head(tables::exists).post(tables::commit).delete(tables::remove);
    Router::new()
        .route("/namespaces", get(namespaces::list).post(namespaces::create))
        .route("/namespaces/{namespace}", namespace)
        .route("/namespaces/{namespace}/properties", post(namespaces::update))
        .route("/namespaces/{namespace}/tables", get(tables::list).post(tables::create))
        .route("/namespaces/{namespace}/tables/{table}", table)
        .route("/namespaces/{namespace}/tables/{table}/metrics", post(tables::metrics))
        .route("/namespaces/{namespace}/register", post(tables::register))
        .route("/namespaces/{namespace}/views", get(views::list))
        .route("/namespaces/{namespace}/views/{view}", get(views::load).head(views::exists))
        .route("/tables/rename", post(tables::rename))
        .route("/transactions/commit", post(tables::commit_transaction))
}

/// `GET /v1/config`. A client may name the warehouse: the catalog's name, or nothing.
async fn config(Parameters(query): Parameters) -> Result<Json<Value>> {
    match query.get("warehouse").map(String::as_str) {
        None | Some("" | PREFIX) => {
            Ok(Json(json!({"defaults": {}, "overrides": {"prefix": PREFIX}, "endpoints": ENDPOINTS})))
        }
        Some(other) => {
            let other: String = other.chars().filter(|c| !c.is_control()).take(200).collect();
            let message = format!("the server has no warehouse {other}; its one is {PREFIX}");
            Err(Refusal::new(StatusCode::NOT_FOUND, "NoSuchWarehouseException", message))
        }
    }
}

async fn no_endpoint(request: Request) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "NoSuchEndpointException", missing(&request))
}

async fn no_method(request: Request) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedOperationException", missing(&request))
}

/// Returns the message for a request that no endpoint answers.
fn missing(request: &Request) -> String {
    let path: String = request.uri().path().chars().take(200).collect();
    format!("the catalog has no endpoint {} {path}", request.method())
}

/// Answers with a page of the names of tables or views in a namespace.
async fn identifiers(
    catalog: RestCatalog,
    namespace: String,
    query: HashMap<String, String>,
    names: impl FnOnce(&Served, &str, &Page) -> Result<(Vec<String>, Option<String>)> + Send + 'static,
) -> Result<Json<Value>> {
    let asked = Page::parse(&query)?;
    let of = namespace.clone();
    let (names, next) = catalog.run(move |served| names(served, &of, &asked)).await?;
    let identifiers = names.into_iter().map(|name| json!({"namespace": [namespace], "name": name})).collect();
    Ok(page("identifiers", identifiers, next))
}

/// Returns a response with an entity tag.
fn tagged(tag: &str, response: impl IntoResponse) -> Response<Body> {
    let mut response = response.into_response();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Returns the JSON of a page of a list.
fn page(key: &str, entries: Vec<Value>, next: Option<String>) -> Json<Value> {
    Json(json!({key: entries, "next-page-token": next}))
}
