//! The figures of the server, for Prometheus.

use axum::http::StatusCode;
use prometheus::core::Collector;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::app::App;

/// Upper bounds of the buckets of the time of an answer, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

/// The figures of the server.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    bytes: IntCounter,
    broken: IntCounter,
    jobs: IntCounterVec,
    connections: IntGauge,
    waiting: IntGauge,
    running: IntGauge,
    ingests: IntGauge,
    memory: Gauge,
}

impl Metrics {
    /// Registers the figures.
    ///
    /// # Errors
    /// Fails if two of them had one name.
    pub fn new() -> anyhow::Result<Self> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| registered(&registry, IntGauge::new(name, help)?);
        let counter = |name: &str, help: &str| registered(&registry, IntCounter::new(name, help)?);
        let seconds = HistogramOpts::new("server_answer_seconds", "Time from a request to the end of its answer");
        Ok(Metrics {
            requests: registered(
                &registry,
                IntCounterVec::new(
                    Opts::new("server_requests_total", "Requests that were answered"),
                    &["method", "endpoint", "status"],
                )?,
            )?,
            seconds: registered(&registry, HistogramVec::new(seconds.buckets(SECONDS.to_vec()), &["endpoint"])?)?,
            bytes: counter("server_answer_bytes_total", "Bytes of the bodies of answers")?,
            broken: counter("server_broken_answers_total", "Answers that ended before they were whole")?,
            jobs: registered(
                &registry,
                IntCounterVec::new(Opts::new("server_jobs_total", "Jobs of ingests that ended"), &["status"])?,
            )?,
            connections: gauge("server_connections", "Open connections")?,
            waiting: gauge("server_queries_waiting", "Queries that wait")?,
            running: gauge("server_queries_running", "Queries and readers of changes that run")?,
            ingests: gauge("server_ingests", "Ingests that are received, wait or run")?,
            memory: registered(
                &registry,
                Gauge::new("server_peak_memory_bytes", "Peak of the memory of the server's process")?,
            )?,
            registry,
        })
    }

    /// Counts a request.
    pub fn answered(&self, method: &str, endpoint: &str, status: StatusCode, seconds: f64, bytes: u64) {
        self.requests.with_label_values(&[method, endpoint, status.as_str()]).inc();
        self.seconds.with_label_values(&[endpoint]).observe(seconds);
        self.bytes.inc_by(bytes);
    }

    /// Counts an answer that ended before it was whole.
    pub fn broken(&self) {
        self.broken.inc();
    }

    /// Counts a job that ended.
    pub fn job_ended(&self, status: &str) {
        self.jobs.with_label_values(&[status]).inc();
    }

    /// Counts a connection until the value is dropped.
    pub fn connection(&self) -> Connection {
        self.connections.inc();
        Connection(self.connections.clone())
    }

    /// Returns the figures in Prometheus' text format.
    ///
    /// # Errors
    /// Fails if they cannot be encoded.
    pub fn text(&self, app: &App) -> anyhow::Result<String> {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.set(count(app.queries.waiting()));
        self.running.set(count(app.settings.queries.saturating_sub(app.queries.free())));
        self.ingests.set(count((app.parameters.ingest_queue as usize).saturating_sub(app.admitted.free())));
        self.memory.set(digdag_task::peak_memory_bytes().unwrap_or_default() as f64);
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

/// An open connection.
pub struct Connection(IntGauge);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> anyhow::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
