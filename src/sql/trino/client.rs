//! Trino's statement protocol over HTTP.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::RootCerts;
use ureq::{Agent, Body};

use super::answer::Page;
use super::parameters::{Credential, TrinoParameters};
use crate::http::{RequestError, RetryPolicy, agent_config, is_loopback, root_certificates};
use digdag_task::{Failure, Quiet};

/// Pages are about 1 MB; a single row may be larger.
const MAX_PAGE_BYTES: u64 = 256 << 20;

/// Bridges a restart of a proxy or of Trino itself: 9 seconds in total.
const RETRY_POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 6,
    first_wait: Duration::from_millis(100),
    max_backoff: Duration::from_secs(5),
    deadline: None,
};

/// Trino's statement protocol over HTTP.
///
/// The protocol is four requests, so it is written out here over ureq, which downloads need anyway: trino-rust-client
/// 0.12 brings 88 crates and an async runtime, and neither cancels abandoned queries nor reports the line of an error.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    /// Returns a client for the address and the credentials of `parameters`. Sends no request.
    ///
    /// # Errors
    /// Fails if a parameter is missing or malformed, or if a file with a secret or certificates cannot be read.
    pub fn new(parameters: &TrinoParameters, schema: &str) -> anyhow::Result<Self> {
        let address = parameters.address()?;
        let config = agent_config(&address, certificates(parameters.trino_ca_file.as_deref())?)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(20)))
            // Trino holds a request for about a second before it answers that there is nothing yet.
            .timeout_recv_response(Some(Duration::from_secs(120)));
        let config = if is_loopback(&address) { config.proxy(None) } else { config };
        let mut headers = vec![
            ("X-Trino-User", parameters.trino_user.clone()),
            ("X-Trino-Source", "discogs-lakehouse".to_owned()),
            ("X-Trino-Catalog", parameters.trino_catalog.clone()),
            ("X-Trino-Schema", schema.to_owned()),
            ("X-Trino-Time-Zone", "UTC".to_owned()),
            // Without this Trino truncates timestamps to milliseconds.
            ("X-Trino-Client-Capabilities", "PARAMETRIC_DATETIME".to_owned()),
        ];
        match parameters.credential(&address)? {
            Credential::None => {}
            Credential::Token(token) => headers.push(("Authorization", format!("Bearer {token}"))),
            Credential::Password(password) => {
                let pair = BASE64_STANDARD.encode(format!("{}:{password}", parameters.trino_user));
                headers.push(("Authorization", format!("Basic {pair}")));
            }
        }
        Ok(Client { agent: Agent::new_with_config(config.build()), address, headers })
    }

    /// Returns a client that sends a further header.
    pub fn with_header(&self, name: &'static str, value: String) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value));
        client
    }

    /// Returns the address of Trino.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a statement, and retries it if Trino cannot have received it, with `again` also if it may have. (Trino
    /// runs nothing before the first GET, so a retry would always be safe, but a proxy in front of Trino may work
    /// differently.)
    ///
    /// # Errors
    /// Fails if Trino cannot be reached, or refuses the request.
    pub fn begin(&self, sql: &str, again: bool) -> anyhow::Result<Page> {
        RETRY_POLICY.run(&Quiet, || {
            let mut request = self.agent.post(format!("{}/v1/statement", self.address));
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            let answer = request.send(sql);
            let sent = !matches!(&answer, Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound))
                && !matches!(&answer, Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused);
            self.page(answer).map_err(|error| if sent && !again { error.into_permanent() } else { error })
        })
    }

    /// Fetches the next page, with retries: a repeated request returns the same page.
    ///
    /// # Errors
    /// Fails if Trino cannot be reached, or names another server for its results.
    pub fn next(&self, uri: &str) -> anyhow::Result<Page> {
        let elsewhere = self.origin(uri) != self.origin(&self.address);
        if elsewhere {
            return Err(Failure::external(format!("{} redirects to another server for its results", self.address))
                .hint("set trino_url to the address that Trino has for itself, or set http-server.process-forwarded=true there")
                .into());
        }
        RETRY_POLICY.run(&Quiet, || {
            let mut request = self.agent.get(uri);
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            self.page(request.call())
        })
    }

    /// Cancels a query. Ignores an error, because Trino ends a query whose pages are not fetched.
    pub fn cancel(&self, uri: &str) {
        let mut request = self.agent.delete(uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let _ = request.config().timeout_global(Some(Duration::from_secs(5))).build().call();
    }

    fn origin(&self, uri: &str) -> Option<(String, String)> {
        let uri: Uri = uri.parse().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.authority()?.as_str().to_owned()))
    }

    fn page(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Page, RequestError> {
        let address = &self.address;
        let hint = "check trino_url, and whether Trino runs: scripts/stack status";
        let unreachable = |error: ureq::Error| {
            if is_of_tls(&error) {
                let failure = Failure::external(format!("Trino at {address} is not trusted: {error}"));
                return failure.hint("trino_ca_file names the certificates to trust, in PEM").into();
            }
            let passing = matches!(
                error,
                ureq::Error::Io(_)
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::HostNotFound
                    | ureq::Error::Timeout(_)
                    | ureq::Error::Protocol(_)
            );
            let failure = Failure::external(format!("Trino at {address} does not answer: {error}")).hint(hint);
            if passing { RequestError::transient(failure) } else { failure.into() }
        };
        let response = answer.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            let text = response.into_body().into_with_config().limit(MAX_PAGE_BYTES).read_to_string();
            return serde_json::from_str(&text.map_err(unreachable)?).map_err(|error| {
                Failure::external(format!("{address} does not speak Trino's protocol: {error}")).hint(hint).into()
            });
        }
        let failure = Failure::external(format!("Trino at {address} answered {status}"));
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => failure
                .hint("check trino_user and TRINO_PASSWORD or TRINO_ACCESS_TOKEN, or the files that hold them")
                .into(),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => RequestError::transient(failure.hint("try again when Trino is up")),
            _ => failure.hint(hint).into(),
        })
    }
}

/// Returns whether the handshake failed: an unknown authority, another host's certificate, or no TLS at all.
fn is_of_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

fn certificates(path: Option<&Path>) -> anyhow::Result<RootCerts> {
    let Some(path) = path else { return Ok(RootCerts::WebPki) };
    root_certificates(path)
        .map_err(|what| Failure::parameters(format!("parameter trino_ca_file: {}: {what}", path.display())).into())
}
