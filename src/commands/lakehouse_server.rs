//! `lakehouse-server`: its parameters. The server itself is the crate `crates/server`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use digdag_task::{ByteSize, Call, Switch};

use super::LakeArgs;
use crate::lake::Lake;
use crate::sql::TrinoParameters;
use crate::tables::iceberg::CatalogArgs;

/// Serve a lake over HTTP: SQL, the tables and their changes, and writes to tables of your own
///
/// Answers on this machine alone, and asks for no token there. Any other address requires --tokens, and TLS or
/// --allow-http=true. SIGTERM and SIGINT stop the server: it takes no further request and finishes those that run, for
/// --stop-timeout at most. docs/server.md lists the endpoints and what the server refuses.
#[derive(Debug, Parser)]
#[command(name = "lakehouse-server", version, after_help = EXAMPLE)]
pub struct LakehouseServer {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Address to listen on; port 0 is a free one, which stderr names
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8099")]
    pub listen: SocketAddr,

    /// File with a line NAME:SCOPE:SHA256 for each bearer token; the scope is read, write or admin
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// File with the certificate chain of the server, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// File with the private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Serve plain http on an address that is not loopback, behind a proxy or in a container
    #[arg(long)]
    pub allow_http: Switch,

    /// Host that a request to a loopback address may name, beside localhost, 127.0.0.1 and [::1]
    #[arg(long, value_name = "HOST,…", value_delimiter = ',')]
    pub hosts: Vec<String>,

    /// Web origin whose pages may read answers, such as https://app.example.org
    #[arg(long, value_name = "ORIGIN,…", value_delimiter = ',')]
    pub cors_origins: Vec<String>,

    /// Memory that DuckDB may take, divided among the queries and ingests that run at once
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub memory_limit: ByteSize,

    /// Space on the disk that a query may take for what does not fit into its memory
    #[arg(long, value_name = "SIZE", default_value = "8GiB")]
    pub spill_limit: ByteSize,

    /// Queries that run at once [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub queries: Option<u16>,

    /// Queries that wait; further ones are answered with 503
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub query_queue: u32,

    /// Time that a query waits before it is answered with 503
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "60s")]
    pub queue_timeout: Duration,

    /// Time after which a query is cancelled, its answer included
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "5m")]
    pub query_timeout: Duration,

    /// Rows beyond which a query fails
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub max_rows: u64,

    /// Ingests that run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64), default_value = "2")]
    pub ingests: u16,

    /// Ingests that are received, wait or run; further ones are answered with 503
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub ingest_queue: u32,

    /// Bytes beyond which the body of an ingest is refused
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    pub max_body: ByteSize,

    /// Bytes up to which an ingest is answered when it is committed; a larger one becomes a job
    #[arg(long, value_name = "SIZE", default_value = "8MiB")]
    pub sync_bytes: ByteSize,

    /// Time after which an ingest that was to be answered when it is committed becomes a job
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "30s")]
    pub sync_wait: Duration,

    /// Connections at once; further ones wait
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), default_value = "1024")]
    pub connections: u32,

    /// Time in which a client sends the head of a request
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "10s")]
    pub header_timeout: Duration,

    /// Time without a byte after which a client that sends a body or receives an answer is cut off
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "20s")]
    pub stall_timeout: Duration,

    /// Time in which a client sends a body
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "15m")]
    pub body_timeout: Duration,

    /// Time that running requests have once a signal stops the server
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "25s")]
    pub stop_timeout: Duration,

    /// The catalog of the lake.
    #[command(flatten)]
    pub catalog: CatalogArgs,

    /// The Trino that queries may run on.
    #[command(flatten)]
    pub trino: TrinoParameters,
}

const EXAMPLE: &str = "\
Example:
  lakehouse-server --lake /data/lake
  lakehouse-server --lake /data/lake --listen 0.0.0.0:8443 --tokens tokens --tls-cert server.pem --tls-key server.key";

impl LakehouseServer {
    /// Opens the lake.
    ///
    /// # Errors
    /// Returns an error if the folder is missing or is not a lake.
    pub fn lake(&self) -> anyhow::Result<Lake> {
        self.lake.open()
    }
}

/// Runs `lakehouse-server`, with the server as `serve`.
pub fn main(serve: impl FnOnce(LakehouseServer, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    super::failure::serve(serve)
}
