//! The HTTP client of the download site: its base URL, retries, proxies and certificates.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;
use ureq::http::{HeaderMap, Response, StatusCode, Uri, header};
use ureq::tls::RootCerts;
use ureq::{Agent, Body};

use crate::http::{Deadline, RequestError, RetryPolicy, Transient, agent_config, root_certificates};
use digdag_task::{Failure, Observer};

/// Limit of a listing page or a CHECKSUM file, which have some kilobytes.
const MAX_PAGE_BYTES: u64 = 4 << 20;

/// Limit of consecutive attempts without progress. With the waits between the attempts, four files that all fail stay
/// below the site's limit of 15 requests in 6 minutes.
const MAX_ATTEMPTS: u32 = 5;

/// Limit of the wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// Wait after a 429 without Retry-After: the site allows 15 requests in 6 minutes.
const AFTER_TOO_MANY: Duration = Duration::from_secs(360);

/// The base URL of the site: `http` or `https`, a host and a path, without user name, password or query. Ends in `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a URL such as https://data.discogs.com/".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let authority = uri.authority().ok_or_else(expected)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(expected());
        }
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return Err("expected a URL without a password, a ? or a #".to_owned());
        }
        Ok(BaseUrl(format!("{}/", text.trim_end_matches('/'))))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client of the site. The environment variables `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` set its
/// proxy.
pub(super) struct Client {
    agent: Agent,
    base: BaseUrl,
    retry_policy: RetryPolicy,
    requests: Cell<u64>,
}

impl Client {
    /// Returns a client that ends a connection after `stall_time` without a byte.
    ///
    /// # Errors
    /// Returns an error of class `Parameters` if the file in `SSL_CERT_FILE` cannot be read as certificates.
    pub fn new(base: &BaseUrl, retry_policy: RetryPolicy, stall_time: Duration) -> anyhow::Result<Self> {
        let config = agent_config(&base.0, trusted()?)
            .max_redirects(4)
            .accept_encoding("identity")
            .timeout_connect(Some(stall_time))
            .timeout_recv_response(Some(stall_time))
            .timeout_per_read(Some(stall_time))
            .build();
        Ok(Client { agent: Agent::new_with_config(config), base: base.clone(), retry_policy, requests: Cell::new(0) })
    }

    /// Returns the retry policy of all requests.
    pub fn retry_policy(&self) -> &RetryPolicy {
        &self.retry_policy
    }

    /// Returns the number of requests sent so far. The site limits them.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// Fetches a small text, such as a listing page or a CHECKSUM file, with retries. `what` names it in errors.
    ///
    /// # Errors
    /// Returns an error of class `External` if the site does not send the text within the limits of the retry policy.
    pub fn text(&self, query: &str, what: &str, observer: &dyn Observer) -> anyhow::Result<String> {
        self.retry_policy.run(observer, || {
            let response = self.get(query, what, None)?;
            let body = response.into_body().into_with_config().limit(MAX_PAGE_BYTES);
            body.read_to_string().map_err(|error| request_error(what, error))
        })
    }

    /// Sends a request once. Returns a response of status 2xx, or 416 if the request was for the bytes from `from` on.
    ///
    /// # Errors
    /// Returns a transient error for a network error, a timeout and the statuses 408, 429 and 5xx, and a permanent one
    /// for any other status.
    pub fn get(&self, query: &str, what: &str, from: Option<u64>) -> Result<Response<Body>, RequestError> {
        let left = self.retry_policy.left()?;
        self.requests.set(self.requests.get() + 1);
        let mut request = self.agent.get(format!("{}{query}", self.base));
        if let Some(from) = from {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let response = request.config().timeout_global(left).build().call();
        let response = response.map_err(|error| request_error(what, error))?;
        let status = response.status();
        if status.is_success() || (from.is_some() && status == StatusCode::RANGE_NOT_SATISFIABLE) {
            return Ok(response);
        }
        let answer = format!("{what}: {} answered {status}", self.base);
        let wait = retry_after(response.headers());
        match status {
            StatusCode::TOO_MANY_REQUESTS => Err(transient(answer, wait.or(Some(AFTER_TOO_MANY)))),
            StatusCode::REQUEST_TIMEOUT => Err(transient(answer, None)),
            _ if status.is_server_error() => Err(transient(answer, wait)),
            _ => Err(Failure::external(answer).hint("check base_url; --list shows what the site has").into()),
        }
    }
}

fn transient(message: String, retry_after: Option<Duration>) -> RequestError {
    RequestError::Transient(Transient { failure: Failure::external(message), retry_after, progressed: false })
}

/// Returns the retry policy of a download that may take `max_wait` in all.
pub(super) fn retry_policy(max_wait: Duration, first_wait: Duration) -> RetryPolicy {
    let deadline = Some(Deadline::after(max_wait));
    RetryPolicy { max_attempts: MAX_ATTEMPTS, first_wait, max_backoff: MAX_BACKOFF, deadline }
}

/// Returns the trusted root certificates: those in the file `SSL_CERT_FILE`, or else Mozilla's. Users behind a proxy
/// that intercepts TLS name the proxy's certificate in `SSL_CERT_FILE`.
fn trusted() -> anyhow::Result<RootCerts> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(RootCerts::WebPki);
    };
    root_certificates(Path::new(&path)).map_err(|what| {
        Failure::parameters(format!("SSL_CERT_FILE {}: {what}", Path::new(&path).display()))
            .hint("name a file of certificates in PEM, or unset the variable")
            .into()
    })
}

/// Converts an error of a request: errors of the network are transient, others are permanent.
fn request_error(what: &str, error: ureq::Error) -> RequestError {
    use ureq::Error::{ConnectProxyFailed, ConnectionFailed, HostNotFound, Io, Protocol, Timeout};
    let passing = match &error {
        Io(error) => error.kind() != io::ErrorKind::InvalidData,
        ConnectProxyFailed(_) | ConnectionFailed | HostNotFound | Protocol(_) | Timeout(_) => true,
        _ => false,
    };
    let message = match &error {
        Io(error) => format!("{what}: {error}"),
        Timeout(_) => format!("{what}: the site did not answer in time"),
        error => format!("{what}: {error}"),
    };
    match passing {
        true => transient(message, None),
        false => Failure::external(message).hint("check base_url and the proxy").into(),
    }
}

/// Returns the error for a page in place of a file: the site answers 200 with a page for a missing file.
pub(super) fn no_such_file(name: &str) -> Failure {
    Failure::external(format!("{name}: the site answered with a page, not with the file"))
        .hint("the file was in its listing: try again later; if it stays so, the site has changed")
}

/// Parses Retry-After, seconds or a date (RFC 9110). Adds a second, because servers count in whole seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let span = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            SystemTime::from(then).duration_since(SystemTime::now()).unwrap_or_default()
        }
    };
    Some(span.saturating_add(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_place_and_nothing_more() {
        let base = |text: &str| text.parse::<BaseUrl>().map(|base| base.to_string());
        assert_eq!(base("https://data.discogs.com").as_deref(), Ok("https://data.discogs.com/"));
        assert_eq!(base("http://mirror:8080/discogs/").as_deref(), Ok("http://mirror:8080/discogs/"));
        for text in
            ["", "data.discogs.com", "file:///tmp", "https://me:secret@host/", "https://host/?a=b", "http://h/#x"]
        {
            assert!(base(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_server_says_when() {
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().expect("a header"));
            retry_after(&headers)
        };
        assert_eq!(after("3600"), Some(Duration::from_secs(3601)));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(1)));
        assert_eq!(after("soon"), None);
    }
}
