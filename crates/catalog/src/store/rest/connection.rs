//! Requests to a REST server, and its answers.

use std::time::Duration;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use ureq::http::{Method, Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestExt};

use super::server::SEGMENT;
use super::tokens::Tokens;
use crate::{Error, Login, Result};

/// How often a request that is safe to repeat is sent, and how long the first wait is; each further one is three times as
/// long.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Metadata of a table with a thousand snapshots has a few megabytes.
const MAX_BYTES: u64 = 256 << 20;

/// The status by which some servers tell an expired token from an invalid one.
const EXPIRED: u16 = 419;

/// A connection to a server, with its login.
pub(super) struct Connection {
    agent: Agent,
    /// For the token endpoint, which may be another server's.
    token_agent: Agent,
    /// The URL without a slash at its end and without its query.
    base: String,
    tokens: Tokens,
}

/// An answer of the server.
pub(super) struct Answer {
    pub status: u16,
    /// The JSON of the body; null if it is none.
    pub body: Value,
}

/// A request without an answer.
pub(super) struct Lost {
    pub error: Error,
    /// Whether the server may have got the request.
    pub is_sent: bool,
    /// Whether another attempt may bring an answer.
    pub is_transient: bool,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns whether the table, namespace or view is missing.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// Returns whether the server has no such endpoint, as far as its status says.
    pub fn is_no_endpoint(&self) -> bool {
        let names_a_table = self.error("type").is_some_and(|kind| kind.starts_with("NoSuch"));
        [405, 406, 501].contains(&self.status) || self.status == 404 && !names_a_table
    }

    /// Returns whether the server may give another answer later.
    fn is_busy(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    fn error(&self, key: &str) -> Option<&str> {
        self.body["error"][key].as_str()
    }

    fn named_status(&self) -> String {
        let reason = ureq::http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        format!("HTTP {} {}", self.status, reason.unwrap_or_default()).trim_end().to_owned()
    }

    /// Returns why a token endpoint gave no token, in the words of OAuth 2 or of Iceberg.
    fn why_no_token(&self) -> String {
        let status = self.named_status();
        let said = self.body["error"].as_str().or_else(|| self.error("message"));
        let described = self.body["error_description"].as_str();
        let parts = [Some(status.as_str()), said, described].into_iter().flatten();
        parts.map(|part| part.lines().next().unwrap_or_default()).collect::<Vec<_>>().join(": ")
    }
}

impl Connection {
    /// Returns a connection for a URL. Sends no request.
    ///
    /// # Errors
    /// Fails if `authorities` has no certificate.
    pub fn new(url: &str, login: &Login, authorities: Option<&str>) -> Result<Self> {
        let base = url.split('?').next().unwrap_or(url).trim_end_matches('/').to_owned();
        let trusted = match authorities {
            None => RootCerts::WebPki,
            Some(pem) => certificates(pem).ok_or_else(|| Error::Untrusted {
                place: base.clone(),
                why: "there is no certificate in PEM among those to trust".to_owned(),
            })?,
        };
        let token_url = if let Login::Credentials { token_url, .. } = login { token_url } else { &base };
        Ok(Connection {
            agent: agent(&base, &trusted),
            token_agent: agent(token_url, &trusted),
            base,
            tokens: Tokens::new(login.clone()),
        })
    }

    /// Sends a request once; and once more with another token, if the server refuses a token that client credentials were
    /// exchanged for. It has done nothing with the request then.
    pub fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> std::result::Result<Answer, Lost> {
        let answer = self.send_with_token(method, path, body)?;
        if [401, EXPIRED].contains(&answer.status) && self.tokens.forget() {
            return self.send_with_token(method, path, body);
        }
        Ok(answer)
    }

    fn send_with_token(&self, method: &Method, path: &str, body: Option<&Value>) -> std::result::Result<Answer, Lost> {
        let mut request = Request::builder().method(method).uri(format!("{}/v1/{path}", self.base));
        if let Some(token) = self.token()? {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                request.map_err(|error| self.unsent(&error))?.with_agent(&self.agent).run()
            }
            None => request.body(()).map_err(|error| self.unsent(&error))?.with_agent(&self.agent).run(),
        };
        self.read(answer)
    }

    /// Returns the token of a request, if there is a login. Exchanges client credentials for one if none is at hand.
    fn token(&self) -> std::result::Result<Option<String>, Lost> {
        if let Some(token) = self.tokens.at_hand() {
            return Ok(Some(token));
        }
        let Login::Credentials { id, secret, token_url, scope } = self.tokens.login() else { return Ok(None) };
        let (id, secret, scope) = (id.as_str(), secret.as_str(), scope.as_str());
        let fields =
            [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
        let fields = fields.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, SEGMENT)));
        let request = Request::builder().method(Method::POST).uri(token_url);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(fields.join("&"));
        let answer = request.map_err(|error| self.unsent(&error))?.with_agent(&self.token_agent).run();
        // The request that needs the token was not sent.
        let answer = self.read(answer).map_err(|lost| Lost { is_sent: false, ..lost })?;
        let token = if answer.is_success() { self.tokens.keep(&answer.body) } else { None };
        let no_token = || Lost {
            error: Error::NoToken {
                place: self.base.clone(),
                endpoint: token_url.clone(),
                why: self.tokens.hide(&answer.why_no_token()),
            },
            is_sent: false,
            is_transient: answer.is_busy(),
        };
        token.ok_or_else(no_token).map(Some)
    }

    /// Sends a request that is safe to repeat, and repeats it if no answer comes or the server is not able to give one.
    pub fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let error = match self.send(method, path, body) {
                Ok(answer) if answer.is_busy() => self.refused(&answer),
                Ok(answer) if [401, 403].contains(&answer.status) => return Err(self.refused(&answer)),
                Ok(answer) => return Ok(answer),
                Err(lost) if !lost.is_transient => return Err(lost.error),
                Err(lost) => lost.error,
            };
            if attempt == ATTEMPTS {
                return Err(error);
            }
            wait(attempt);
            attempt += 1;
        }
    }

    /// Like [`Connection::ask`], and returns the body of a success.
    pub fn expect(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.ask(method, path, body)?;
        if answer.is_success() { Ok(answer.body) } else { Err(self.refused(&answer)) }
    }

    fn read(
        &self,
        answer: std::result::Result<ureq::http::Response<Body>, ureq::Error>,
    ) -> std::result::Result<Answer, Lost> {
        let lost = |error: ureq::Error| {
            let why = self.tokens.hide(&error.to_string());
            if is_of_tls(&error) {
                let error = Error::Untrusted { place: self.base.clone(), why };
                return Lost { error, is_sent: false, is_transient: false };
            }
            let refused =
                matches!(&error, ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused);
            let is_sent = !refused && !matches!(error, ureq::Error::ConnectionFailed | ureq::Error::HostNotFound);
            Lost { error: self.error(why), is_sent, is_transient: true }
        };
        let mut response = answer.map_err(lost)?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map_err(lost)?;
        Ok(Answer { status, body: serde_json::from_slice(&text).unwrap_or_default() })
    }

    /// Returns the error for an answer that is no success.
    pub fn refused(&self, answer: &Answer) -> Error {
        let mut why = answer.named_status();
        if let Some(message) = answer.error("message") {
            let line = message.lines().next().unwrap_or_default();
            why = format!("{why}: {}", self.tokens.hide(line));
        }
        Error::Rest { place: self.base.clone(), why, status: Some(answer.status) }
    }

    /// Returns an error of this server that has no status.
    pub fn error(&self, why: String) -> Error {
        Error::Rest { place: self.base.clone(), why, status: None }
    }

    fn unsent(&self, error: &ureq::http::Error) -> Lost {
        Lost { error: self.error(self.tokens.hide(&error.to_string())), is_sent: false, is_transient: false }
    }
}

/// Returns an agent for a server.
fn agent(url: &str, trusted: &RootCerts) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(url.starts_with("https:"))
        .user_agent(concat!("lake-catalog/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(trusted.clone()).build())
        // Secrets go to the named server only.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(120)));
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    Agent::new_with_config(config.build())
}

/// Returns the certificates in a text, or `None` if it has none.
fn certificates(pem: &str) -> Option<RootCerts> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let certificates: Vec<Certificate<'static>> = parse_pem(pem.as_bytes()).filter_map(certificate).collect();
    (!certificates.is_empty()).then(|| RootCerts::new_with_certs(&certificates))
}

/// Returns whether the handshake failed: an unknown authority, another host's certificate, or no TLS at all.
fn is_of_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Waits before the next attempt.
pub(super) fn wait(attempt: u32) {
    std::thread::sleep(FIRST_WAIT * 3_u32.saturating_pow(attempt - 1));
}

fn is_loopback(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]")
}
