//! Requests to the server, signed, and its answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ureq::http::{self, Method};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestExt};

use crate::answer::Answer;
use crate::credentials::{Credentials, Login, Profile};
use crate::settings::Resolved;
use crate::signature::{self, Unsigned};
use crate::{Address, Error, Kind, Result, Settings};

/// The longest answer other than an object: a page of a list with a thousand keys has some hundred kilobytes.
const MAX_ANSWER: u64 = 16 << 20;

const CONNECT: Duration = Duration::from_secs(10);

/// A connection to the server of one bucket.
pub(crate) struct Connection {
    agent: Agent,
    resolved: Resolved,
    login: Login,
    address: Address,
    authorities: Option<PathBuf>,
}

/// How another client in this process reaches the server. Its text has no secrets.
#[derive(Clone, Debug)]
pub struct Access {
    /// `host[:port]`, without the bucket.
    pub server: String,
    /// Whether it is reached by https.
    pub is_encrypted: bool,
    /// Whether the bucket is in the path of a URL.
    pub path_style: bool,
    /// The region.
    pub region: String,
    /// A file with the certificates to trust, in PEM; public authorities if there is none.
    pub authorities: Option<PathBuf>,
    /// Valid credentials. Temporary ones expire.
    pub credentials: Arc<Credentials>,
}

/// A request.
pub(crate) struct Request<'r> {
    /// In words, for the error.
    pub operation: &'static str,
    pub method: Method,
    /// The key; empty for the bucket itself.
    pub key: &'r str,
    pub query: &'r [(&'r str, &'r str)],
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body of a PUT or a POST, with its SHA-256 if it is known.
    pub body: &'r [u8],
    pub sha256: Option<&'r [u8; 32]>,
    /// The longest body of an answer.
    pub max_answer: u64,
}

impl<'r> Request<'r> {
    pub fn new(operation: &'static str, method: Method, key: &'r str) -> Self {
        Request {
            operation,
            method,
            key,
            query: &[],
            headers: Vec::new(),
            body: &[],
            sha256: None,
            max_answer: MAX_ANSWER,
        }
    }
}

impl Connection {
    /// Resolves the settings and finds the login. Sends no request.
    pub fn new(address: &Address, settings: &Settings) -> Result<Self> {
        let profile = Profile::of_environment()?;
        let resolved = settings.resolve(address, &profile)?;
        let login = Login::find(&profile, &resolved.region)?;
        Connection::with(address, settings, resolved, login)
    }

    /// Like [`Connection::new`], with a login of the caller's.
    pub fn with_login(address: &Address, settings: &Settings, login: Login) -> Result<Self> {
        let resolved = settings.resolve(address, &Profile::default())?;
        Connection::with(address, settings, resolved, login)
    }

    fn with(address: &Address, settings: &Settings, resolved: Resolved, login: Login) -> Result<Self> {
        let roots = match &settings.authorities {
            None => RootCerts::WebPki,
            Some(file) => {
                let invalid = |why: String| Error::new(Kind::Settings, "use", file.display(), why);
                let pem = std::fs::read(file).map_err(|error| invalid(error.to_string()))?;
                certificates(&pem).ok_or_else(|| invalid("it holds no certificate in PEM".to_owned()))?
            }
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(resolved.origin.starts_with("https:"))
            .user_agent(concat!("lake-store/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            // A redirect would be signed for another host. The region is a setting.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(settings.connections)
            .max_idle_connections_per_host(settings.connections)
            .timeout_connect(Some(CONNECT.min(settings.timeout)))
            .timeout_per_read(Some(settings.timeout))
            .timeout_per_write(Some(settings.timeout))
            .timeout_recv_response(Some(settings.timeout));
        let name = resolved.host.rsplit_once(':').map_or(resolved.host.as_str(), |(name, _)| name);
        let is_local = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
        let config = if is_local { config.proxy(None) } else { config };
        let (agent, authorities) = (Agent::new_with_config(config.build()), settings.authorities.clone());
        Ok(Connection { agent, resolved, login, address: address.clone(), authorities })
    }

    /// Returns what another client needs to reach the server.
    pub fn access(&self) -> Result<Access> {
        let Resolved { origin, path, region, server, .. } = &self.resolved;
        Ok(Access {
            server: server.clone(),
            is_encrypted: origin.starts_with("https:"),
            path_style: !path.is_empty(),
            region: region.clone(),
            authorities: self.authorities.clone(),
            credentials: self.login.credentials()?,
        })
    }

    /// Returns the bucket and the prefix.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the name of a key in messages.
    pub fn place(&self, key: &str) -> String {
        let slash = if key.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{key}", self.address.bucket)
    }

    /// Sends a request; and once more with other credentials, if the server refuses temporary ones. Returns an answer
    /// of any status.
    pub fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let answer = self.send_once(request, &*self.login.credentials()?)?;
        let is_refused = [400, 401, 403].contains(&answer.status);
        if is_refused
            && matches!(answer.code().as_deref(), Some("ExpiredToken" | "TokenRefreshRequired"))
            && self.login.forget()
        {
            return self.send_once(request, &*self.login.credentials()?);
        }
        Ok(answer)
    }

    /// Like [`Connection::send`], and an answer that is no success is an error.
    pub fn expect(&self, request: &Request<'_>) -> Result<Answer> {
        let answer = self.send(request)?;
        if answer.is_success() { Ok(answer) } else { Err(self.refused(request, &answer)) }
    }

    /// Returns the error for an answer that is no success.
    pub fn refused(&self, request: &Request<'_>, answer: &Answer) -> Error {
        answer.error(request.operation, &self.place(request.key))
    }

    fn send_once(&self, request: &Request<'_>, credentials: &Credentials) -> Result<Answer> {
        let failed = |kind, why: String| Error::new(kind, request.operation, self.place(request.key), why);
        let Resolved { origin, host, path, region, .. } = &self.resolved;
        let path = signature::path(&format!("{path}/{}", request.key));
        let query = signature::query(request.query);
        let computed: [u8; 32];
        let sha256 = match request.sha256 {
            Some(sha256) => sha256,
            None => {
                computed = Sha256::digest(request.body).into();
                &computed
            }
        };
        let mut headers: Vec<_> =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        headers.push(("host".to_owned(), host.clone()));
        let unsigned = Unsigned {
            method: request.method.as_str(),
            path: &path,
            query: &query,
            headers,
            payload_sha256: &hex::encode(sha256),
        };
        let question = if query.is_empty() { "" } else { "?" };
        let mut builder =
            http::Request::builder().method(&request.method).uri(format!("{origin}{path}{question}{query}"));
        for (name, value) in signature::sign(unsigned, credentials, region, Timestamp::now()) {
            builder = builder.header(name, value);
        }
        let invalid = |error: http::Error| failed(Kind::Settings, error.to_string());
        let response = match request.method {
            Method::PUT | Method::POST => builder.body(request.body).map_err(invalid)?.with_agent(&self.agent).run(),
            _ => builder.body(()).map_err(invalid)?.with_agent(&self.agent).run(),
        };
        let mut response = response.map_err(|error| failed(kind(&error), error.to_string()))?;
        let body = read(&mut response, request).map_err(|error| failed(kind(&error), error.to_string()))?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}

fn read(response: &mut http::Response<Body>, request: &Request<'_>) -> std::result::Result<Vec<u8>, ureq::Error> {
    if request.method == Method::HEAD {
        return Ok(Vec::new());
    }
    response.body_mut().with_config().limit(request.max_answer).read_to_vec()
}

/// Returns the kind of an error without an answer. One of the handshake is permanent: an unknown authority, another host's
/// certificate, or no TLS at all.
fn kind(error: &ureq::Error) -> Kind {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Kind::Untrusted,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Kind::Untrusted,
        _ => Kind::Unavailable,
    }
}

/// Returns the certificates in a text, or `None` if it has none.
fn certificates(pem: &[u8]) -> Option<RootCerts> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let certificates: Vec<Certificate<'static>> = parse_pem(pem).filter_map(certificate).collect();
    (!certificates.is_empty()).then(|| RootCerts::new_with_certs(&certificates))
}
