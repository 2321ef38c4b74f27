use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::answer::Page;
use super::parameters::{Credential, TrinoParameters};
use crate::http::root_certificates;
use digdag_task::Failure;

/// Pages are about 1 MB; a single row may be larger.
const LARGEST_PAGE: u64 = 256 << 20;

/// Waits before a request is sent again.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// Trino's statement protocol over HTTP.
///
/// The protocol is four requests, so it is written out here over ureq, which downloads need anyway: trino-rust-client
/// 0.12 brings 88 crates and an async runtime, and neither cancels what it leaves nor tells the line of an error.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub fn new(parameters: &TrinoParameters, schema: &str) -> anyhow::Result<Self> {
        let address = parameters.address()?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(address.starts_with("https:"))
            .max_redirects(0)
            .user_agent(concat!("discogs-lakehouse/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(20)))
            // Trino holds a request for a second or so, then answers that there is nothing yet.
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .tls_config(TlsConfig::builder().root_certs(certificates(parameters.trino_ca_file.as_deref())?).build());
        let config = if is_loopback(&address) { config.proxy(None) } else { config };
        let mut headers = vec![
            ("X-Trino-User", parameters.trino_user.clone()),
            ("X-Trino-Source", "discogs-lakehouse".to_owned()),
            ("X-Trino-Catalog", parameters.trino_catalog.clone()),
            ("X-Trino-Schema", schema.to_owned()),
            ("X-Trino-Time-Zone", "UTC".to_owned()),
            // Without this Trino cuts timestamps to milliseconds.
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

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a statement. It is sent again where Trino certainly did not take it; with `again` also where it may have. (A
    /// Trino begins nothing before the first GET, so that would be safe; what stands before one may not know that.)
    pub fn begin(&self, sql: &str, again: bool) -> Result<Page, Failure> {
        self.persist(|| {
            let mut request = self.agent.post(format!("{}/v1/statement", self.address));
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            let answer = request.send(sql);
            let sent = !matches!(&answer, Err(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound))
                && !matches!(&answer, Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused);
            self.page(answer).map_err(|trouble| match trouble {
                Trouble::Passing(failure) if sent && !again => Trouble::Lasting(failure),
                trouble => trouble,
            })
        })
    }

    /// The next page. Asking twice for one gives the same.
    pub fn next(&self, uri: &str) -> Result<Page, Failure> {
        let elsewhere = self.origin(uri) != self.origin(&self.address);
        if elsewhere {
            return Err(Failure::external(format!("{} sends on to another server for its answers", self.address))
                .hint("give the address that Trino has for itself, or set http-server.process-forwarded=true there"));
        }
        self.persist(|| {
            let mut request = self.agent.get(uri);
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            self.page(request.call())
        })
    }

    /// Ends a query whose rest nobody wants. Best effort: Trino gives up by itself on queries that nobody asks after.
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

    fn persist<T>(&self, mut attempt: impl FnMut() -> Result<T, Trouble>) -> Result<T, Failure> {
        for pause in PAUSES {
            match attempt() {
                Err(Trouble::Passing(_)) => sleep(pause),
                result => return result.map_err(Trouble::into_failure),
            }
        }
        attempt().map_err(Trouble::into_failure)
    }

    fn page(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Page, Trouble> {
        let address = &self.address;
        let hint = "check trino_url, and whether Trino runs: scripts/stack status";
        let unreachable = |error: ureq::Error| {
            if is_of_tls(&error) {
                let failure = Failure::external(format!("Trino at {address} is not trusted: {error}"));
                return Trouble::Lasting(failure.hint("trino_ca_file names the certificates to trust, in PEM"));
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
            if passing { Trouble::Passing(failure) } else { Trouble::Lasting(failure) }
        };
        let response = answer.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            let text = response.into_body().into_with_config().limit(LARGEST_PAGE).read_to_string();
            return serde_json::from_str(&text.map_err(unreachable)?).map_err(|error| {
                Trouble::Lasting(
                    Failure::external(format!("{address} does not answer as Trino does: {error}")).hint(hint),
                )
            });
        }
        let failure = Failure::external(format!("Trino at {address} answered {status}"));
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::Lasting(
                failure.hint("check trino_user and TRINO_PASSWORD or TRINO_ACCESS_TOKEN, or the files that hold them"),
            ),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Trouble::Passing(failure.hint("try again when Trino is up")),
            _ => Trouble::Lasting(failure.hint(hint)),
        })
    }
}

enum Trouble {
    /// The same request may do better.
    Passing(Failure),
    Lasting(Failure),
}

impl Trouble {
    fn into_failure(self) -> Failure {
        match self {
            Trouble::Passing(failure) | Trouble::Lasting(failure) => failure,
        }
    }
}

/// The handshake failed: a certificate of an unknown authority, of another name, or none at all.
fn is_of_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

fn is_loopback(address: &str) -> bool {
    let host = address.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]")
}

fn certificates(path: Option<&Path>) -> anyhow::Result<RootCerts> {
    let Some(path) = path else { return Ok(RootCerts::WebPki) };
    root_certificates(path)
        .map_err(|what| Failure::parameters(format!("parameter trino_ca_file: {}: {what}", path.display())).into())
}
