//! The endpoints: method, path, and the scope that each needs.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::Shared;
use crate::guard::guard;
use crate::problem::Problem;
use crate::tokens::Scope;
use crate::{catalog, document, ingest, page, query, runs, tables};

/// An endpoint.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// The scope that a client needs.
    pub scope: Scope,
    handler: fn() -> MethodRouter<Shared>,
}

/// Every endpoint, in the order in which `openapi.json` lists them, without those of the Iceberg REST catalog.
pub static ROUTES: [Route; 15] = [
    route(Method::POST, "/query", Scope::Read, || post(query::query)),
    route(Method::GET, "/tables", Scope::Read, || get(tables::list)),
    route(Method::GET, "/tables/{table}", Scope::Read, || get(tables::describe)),
    route(Method::GET, "/tables/{table}/snapshots", Scope::Read, || get(tables::snapshots)),
    route(Method::GET, "/tables/{table}/changes", Scope::Read, || get(tables::changes)),
    route(Method::POST, "/tables/{table}/rollback", Scope::Admin, || post(tables::roll_back)),
    route(Method::POST, "/ingest/{table}", Scope::Write, || post(ingest::ingest)),
    route(Method::GET, "/jobs/{job_id}", Scope::Read, || get(ingest::job)),
    route(Method::GET, "/runs", Scope::Read, || get(runs::list)),
    route(Method::GET, "/runs/{run_id}", Scope::Read, || get(runs::describe)),
    route(Method::GET, "/metrics", Scope::Read, || get(runs::metrics)),
    route(Method::GET, "/healthz", Scope::Anyone, || get(runs::healthy)),
    route(Method::GET, "/readyz", Scope::Anyone, || get(runs::ready)),
    route(Method::GET, "/openapi.json", Scope::Anyone, || get(document::openapi)),
    route(Method::GET, "/docs", Scope::Anyone, || get(page::docs)),
];

const fn route(method: Method, path: &'static str, scope: Scope, handler: fn() -> MethodRouter<Shared>) -> Route {
    Route { method, path, scope, handler }
}

/// Returns the scope that a request needs. A path that no endpoint has needs that of a reader, so that a client without a
/// token learns nothing of it.
pub fn scope_of(method: &Method, endpoint: Option<&str>, path: &str) -> Scope {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let found = ROUTES.iter().find(|route| Some(route.path) == endpoint && route.method == method);
    match found {
        Some(route) => route.scope,
        None if path.starts_with("/iceberg/") && *method != Method::GET && !is_of_metrics(path) => Scope::Write,
        None => Scope::Read,
    }
}

/// Returns whether a path of the Iceberg REST catalog takes metrics of a table, which change nothing. A table may have the
/// name `metrics`.
fn is_of_metrics(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    matches!(parts[..], ["", "iceberg", "v1", "namespaces", _, "tables", _, "metrics"])
}

/// Returns the router of all endpoints, behind the guard.
pub fn router(app: &Shared) -> Router {
    let mut router = Router::new();
    for route in &ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .nest_service("/iceberg", catalog::service(app))
        .fallback(|| async { Problem::not_found("there is no such address").hint("/docs lists those there are") })
        .method_not_allowed_fallback(|| async {
            Problem::method("the address has no such method").hint("/docs lists the methods of each address")
        })
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(cors(app))
        .with_state(app.clone())
}

/// Lets pages of the allowed origins read answers; without such origins no page may.
fn cors(app: &Shared) -> CorsLayer {
    let headers = ["idempotency-key", "prefer"].map(HeaderName::from_static);
    let exposed = ["discogs-run", "x-request-id"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(app.settings.origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(
            headers
                .into_iter()
                .chain([header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE])
                .collect::<Vec<_>>(),
        )
        .expose_headers(exposed.into_iter().chain([header::LOCATION, header::RETRY_AFTER]).collect::<Vec<_>>())
        .max_age(Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_write_needs_more_than_the_scope_of_a_reader() {
        for route in &ROUTES {
            let reads = route.method == Method::GET || route.path == "/query";
            assert_eq!(route.scope <= Scope::Read, reads, "{}", route.path);
            assert_eq!(scope_of(&route.method, Some(route.path), route.path), route.scope);
        }
        assert_eq!(scope_of(&Method::HEAD, Some("/healthz"), "/healthz"), Scope::Anyone);
        assert_eq!(scope_of(&Method::GET, None, "/nothing"), Scope::Read);
        assert_eq!(scope_of(&Method::POST, None, "/iceberg/v1/namespaces"), Scope::Write);
        assert_eq!(scope_of(&Method::DELETE, None, "/iceberg/v1/namespaces/a/tables/b"), Scope::Write);
        assert_eq!(scope_of(&Method::POST, None, "/iceberg/v1/namespaces/a/tables/b/metrics"), Scope::Read);
        assert_eq!(scope_of(&Method::POST, None, "/iceberg/v1/namespaces/tables/tables/metrics"), Scope::Write);
        assert_eq!(scope_of(&Method::GET, None, "/iceberg/v1/config"), Scope::Read);
    }

    #[test]
    fn the_document_lists_every_endpoint_and_no_other() {
        let document: serde_json::Value = serde_json::from_str(crate::document::OPENAPI).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let listed = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| (method.to_uppercase(), path.clone()))
        });
        let listed: std::collections::BTreeSet<_> = listed.collect();
        let known = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
        assert_eq!(listed, known);
    }
}
