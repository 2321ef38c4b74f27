//! Requests to a REST server, and its answers.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Request, Uri};
use ureq::{Agent, Body, RequestExt};

use crate::{Error, Result};

/// How often a request that is safe to repeat is sent, and how long the first wait is; each further one is three times as
/// long.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Metadata of a table with a thousand snapshots has a few megabytes.
const MAX_BYTES: u64 = 256 << 20;

/// A connection to a server, with its token.
pub(super) struct Connection {
    agent: Agent,
    /// The URL without a slash at its end and without its query.
    base: String,
    token: Option<String>,
}

/// An answer of the server.
pub(super) struct Answer {
    pub status: u16,
    /// The JSON of the body; null if it is none.
    pub body: Value,
}

/// A request without an answer.
pub(super) struct Lost {
    pub why: String,
    /// Whether the server may have got the request.
    pub is_sent: bool,
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

    fn error(&self, key: &str) -> Option<&str> {
        self.body["error"][key].as_str()
    }
}

impl Connection {
    /// Returns a connection for a URL. Sends no request.
    pub fn new(url: &str, token: Option<&str>) -> Self {
        let base = url.split('?').next().unwrap_or(url).trim_end_matches('/').to_owned();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(base.starts_with("https:"))
            .user_agent(concat!("lake-catalog/", env!("CARGO_PKG_VERSION")))
            // The token goes to the named server only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(120)));
        let config = if is_loopback(&base) { config.proxy(None) } else { config };
        Connection { agent: Agent::new_with_config(config.build()), base, token: token.map(str::to_owned) }
    }

    /// Sends a request once.
    pub fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> std::result::Result<Answer, Lost> {
        let unsent = |error: ureq::http::Error| Lost { why: error.to_string(), is_sent: false };
        let mut request = Request::builder().method(method).uri(format!("{}/v1/{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                request.map_err(unsent)?.with_agent(&self.agent).run()
            }
            None => request.body(()).map_err(unsent)?.with_agent(&self.agent).run(),
        };
        self.read(answer)
    }

    /// Sends a request that is safe to repeat, and repeats it if no answer comes or the server is not able to give one.
    pub fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let error = match self.send(method, path, body) {
                Ok(answer) if answer.status == 429 || answer.status >= 500 => self.refused(&answer),
                Ok(answer) if [401, 403].contains(&answer.status) => return Err(self.refused(&answer)),
                Ok(answer) => return Ok(answer),
                Err(lost) => self.unreachable(&lost),
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
            let refused =
                matches!(&error, ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused);
            let is_sent = !refused && !matches!(error, ureq::Error::ConnectionFailed | ureq::Error::HostNotFound);
            Lost { why: self.without_token(&error.to_string()), is_sent }
        };
        let mut response = answer.map_err(lost)?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map_err(lost)?;
        Ok(Answer { status, body: serde_json::from_slice(&text).unwrap_or_default() })
    }

    /// Returns the error for an answer that is no success.
    pub fn refused(&self, answer: &Answer) -> Error {
        let reason = ureq::http::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
        let mut why = format!("HTTP {} {}", answer.status, reason.unwrap_or_default()).trim_end().to_owned();
        if let Some(message) = answer.error("message") {
            let line = message.lines().next().unwrap_or_default();
            why = format!("{why}: {}", self.without_token(line));
        }
        Error::Rest { place: self.base.clone(), why, status: Some(answer.status) }
    }

    /// Returns the error for a request without an answer.
    pub fn unreachable(&self, lost: &Lost) -> Error {
        Error::Rest { place: self.base.clone(), why: lost.why.clone(), status: None }
    }

    /// Returns an error of this server that has no status.
    pub fn error(&self, why: String) -> Error {
        Error::Rest { place: self.base.clone(), why, status: None }
    }

    fn without_token(&self, text: &str) -> String {
        match self.token.as_deref() {
            Some(token) if !token.is_empty() => text.replace(token, "…"),
            _ => text.to_owned(),
        }
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
