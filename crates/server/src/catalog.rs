//! The Iceberg REST catalog at `/iceberg`, which `lake_rest_catalog` implements. It is opened at the first request, because a
//! lake may get its catalog from an ingest.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use discogs_lakehouse::lake::Lake;
use discogs_lakehouse::tables::iceberg::{self, CatalogArgs, FROM_RUNS, OF_DUMPS, OF_RUNS};
use lake_rest_catalog::{Protected, RestCatalog, ServedLake};
use tokio::sync::OnceCell;
use tower::ServiceExt;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::app::Shared;
use crate::blocking;
use crate::problem::Problem;

/// The namespaces that only tasks write.
const OF_TASKS: [&str; 3] = ["bronze", "silver", "gold"];

/// The folder of the catalog's own state in `_meta`.
const STATE: &str = "rest-catalog";

/// The Iceberg REST catalog of the lake.
pub struct CatalogApi {
    lake: Lake,
    args: CatalogArgs,
    router: OnceCell<Router>,
}

impl CatalogApi {
    /// Returns the catalog, which is not opened yet.
    pub fn new(lake: &Lake, args: &CatalogArgs) -> Self {
        CatalogApi { lake: lake.clone(), args: args.clone(), router: OnceCell::new() }
    }

    async fn router(&self) -> Result<Router, Problem> {
        let opened = self.router.get_or_try_init(|| async {
            let (lake, args) = (self.lake.clone(), self.args.clone());
            let catalog = blocking::run(move || {
                let store = iceberg::store(&lake, &args)?
                    .ok_or_else(|| iceberg::no_tables(&lake, "stage-tables or an ingest creates them"))?;
                let served = ServedLake {
                    store,
                    root: lake.root().to_owned(),
                    tables: lake.tables_folder(),
                    state: lake.meta_file(STATE),
                };
                let guard = Protected::new(&OF_TASKS, &[OF_RUNS, FROM_RUNS, OF_DUMPS]);
                Ok(RestCatalog::open(served, Arc::new(guard))?)
            });
            Ok::<_, Problem>(lake_rest_catalog::router(catalog.await?))
        });
        opened.await.cloned()
    }
}

/// Returns the service that is nested at `/iceberg`.
pub fn service(app: &Shared) -> Router {
    let slow_senders = RequestBodyTimeoutLayer::new(app.parameters.stall_timeout);
    Router::new().fallback(forward).layer(slow_senders).with_state(app.clone())
}

async fn forward(State(app): State<Shared>, request: Request) -> Response {
    match app.catalog_api.router().await {
        Ok(router) => match tokio::time::timeout(app.parameters.body_timeout, router.oneshot(request)).await {
            Ok(answer) => answer.into_response(),
            Err(_) => Problem::slow_sender().into_response(),
        },
        Err(problem) => problem.into_response(),
    }
}
