//! The state that all requests share.

use std::sync::Arc;
use std::time::Duration;

use discogs_lakehouse::commands::lakehouse_server::LakehouseServer;
use discogs_lakehouse::lake::Lake;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::NAME;
use crate::audit::Audit;
use crate::catalog::CatalogApi;
use crate::gate::Gate;
use crate::ingest::Jobs;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::tokens::Tokens;

/// The state of the server, which requests share.
pub type Shared = Arc<App>;

/// The state of the server.
pub struct App {
    /// The lake.
    pub lake: Lake,
    /// The parameters, as the caller gave them.
    pub parameters: LakehouseServer,
    /// The settings that follow from them.
    pub settings: Settings,
    /// The tokens, unless all who reach a loopback address are let in.
    pub tokens: Option<Tokens>,
    /// The queries that run and wait, and the readers of changes.
    pub queries: Gate,
    /// The ingests that are received, wait or run. None of them waits at this gate.
    pub admitted: Gate,
    /// The jobs of ingests.
    pub jobs: Jobs,
    /// The log of writes.
    pub audit: Audit,
    /// The figures of the server.
    pub metrics: Metrics,
    /// The Iceberg REST catalog.
    pub catalog_api: CatalogApi,
    /// Raised once a signal stops the server: nothing new begins.
    pub stopping: CancellationToken,
    /// Raised once what runs has had its time.
    pub forced: CancellationToken,
    /// Connections and jobs, which the end of the server waits for.
    pub tasks: TaskTracker,
}

impl App {
    /// Opens the lake, locks the folder of its server, and finds out how the jobs of a killed server ended. Blocks.
    ///
    /// # Errors
    /// Fails if a parameter contradicts another, if the lake or the tokens cannot be read, or if another server serves the
    /// lake.
    pub fn open(parameters: LakehouseServer, settings: Settings) -> anyhow::Result<Self> {
        let lake = parameters.lake()?;
        let folder = lake.lock_server(NAME)?;
        let audit = Audit::open(&folder)?;
        let tokens = parameters.tokens.as_deref().map(Tokens::read).transpose()?;
        lake.remove_dead_scratch(NAME)?;
        let jobs = Jobs::open(folder, usize::from(parameters.ingests));
        jobs.settle_killed(&lake, &parameters.catalog)?;
        let waiting = parameters.query_queue as usize;
        Ok(App {
            queries: Gate::new("queries", settings.queries, waiting, parameters.queue_timeout),
            admitted: Gate::new("ingests", parameters.ingest_queue as usize, 0, Duration::ZERO),
            catalog_api: CatalogApi::new(&lake, &parameters.catalog),
            metrics: Metrics::new()?,
            stopping: CancellationToken::new(),
            forced: CancellationToken::new(),
            tasks: TaskTracker::new(),
            lake,
            parameters,
            settings,
            tokens,
            jobs,
            audit,
        })
    }
}
