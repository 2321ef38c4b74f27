//! The parameters of the server, checked: what is refused before the server listens.

use axum::http::HeaderValue;
use digdag_task::{ByteSize, Failure};
use discogs_lakehouse::commands::lakehouse_server::LakehouseServer;
use discogs_lakehouse::sql::EngineParameters;

/// The least memory of a query or an ingest; DuckDB does little with less.
const MIN_MEMORY: u64 = 64 << 20;

/// The settings that follow from the parameters.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether only this machine reaches the server.
    pub is_loopback: bool,
    /// The web origins whose pages may read answers.
    pub origins: Vec<HeaderValue>,
    /// The queries that run at once.
    pub queries: usize,
    /// The limits of DuckDB in one query or ingest.
    pub engine: EngineParameters,
}

impl Settings {
    /// Checks the parameters.
    ///
    /// # Errors
    /// Fails if the server would be open to a network without tokens or without TLS, if an origin is none, or if there is
    /// too little memory for what runs at once.
    pub fn of(parameters: &LakehouseServer) -> Result<Self, Failure> {
        let is_loopback = parameters.listen.ip().is_loopback();
        let address = parameters.listen;
        if !is_loopback && parameters.tokens.is_none() {
            return Err(Failure::parameters(format!(
                "parameter listen: {address} is open to a network, which needs tokens"
            ))
            .hint(
                "--tokens FILE names them, as docs/server.md shows; --listen 127.0.0.1:8099 serves this machine alone",
            ));
        }
        if !is_loopback && parameters.tls_cert.is_none() && !parameters.allow_http.is_on() {
            let message = format!("parameter listen: tokens are not received over plain http at {address}");
            return Err(Failure::parameters(message)
                .hint("give --tls-cert and --tls-key, or --allow-http=true behind a proxy that has TLS"));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let queries = parameters.queries.map_or(cores, usize::from);
        let at_once = queries + usize::from(parameters.ingests);
        let memory = parameters.memory_limit.0 / at_once as u64;
        if memory < MIN_MEMORY {
            let message =
                format!("parameter memory_limit: {} are {memory} bytes for each of {at_once}", parameters.memory_limit);
            return Err(Failure::parameters(message).hint("raise --memory-limit, or lower --queries or --ingests"));
        }
        let threads = (cores / queries).max(1);
        Ok(Settings {
            is_loopback,
            origins: parameters.cors_origins.iter().map(|origin| self::origin(origin)).collect::<Result<_, _>>()?,
            queries,
            engine: EngineParameters::new(ByteSize(memory), Some(u16::try_from(threads).unwrap_or(u16::MAX))),
        })
    }
}

/// Parses a web origin: a scheme and a host, with a port or without, and nothing behind.
fn origin(text: &str) -> Result<HeaderValue, Failure> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_origin = host
        .is_some_and(|host| !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c)));
    let value = is_origin.then(|| HeaderValue::from_str(text).ok()).flatten();
    value.ok_or_else(|| {
        Failure::parameters(format!("parameter cors_origins: {text:?} is no origin"))
            .hint("give each as https://app.example.org, without a path")
    })
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in ["https://app.example.org", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for wrong in ["", "*", "null", "https://", "https://a/b", "ftp://a", "https://a b", "https://a\n"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
