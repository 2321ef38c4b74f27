//! `GET /openapi.json`: every endpoint, for programs.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The document. A test compares its paths with the endpoints.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// `GET /openapi.json`.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
