//! A server before the REST server, which passes requests on or fails as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::self_signed;

/// How the server fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// It lists its endpoints, and does not have transactions/commit.
    UnlistedCommit,
    /// It lists no endpoints, and answers a commit with this status, unless it is 0.
    NoEndpoints(u16),
    /// It answers this many commits with a status, and passes on none of them.
    Commits(u16, usize),
    /// It closes the connection before it passes a commit on, once.
    CutBefore,
    /// It passes a commit on, and closes the connection in place of the answer, once.
    CutBehind,
    /// Like `CutBehind`, and it is gone for good.
    GoneBehind,
    /// It refuses requests without this token.
    Token(&'static str),
    /// It gives tokens for these client credentials, and refuses requests without the last one.
    Credentials(Credentials),
}

/// The tokens that a server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The body of a request for a token, as a form.
    pub form: &'static str,
    /// How many requests a token is good for.
    pub requests: usize,
    /// When a token expires, as the server says.
    pub seconds: u64,
}

/// The server. It ends with the process.
pub struct Front {
    pub port: u16,
    /// The certificate in PEM, of a server over TLS.
    certificate: Option<String>,
    shared: Arc<Shared>,
}

/// The state of a server.
#[derive(Default)]
struct Shared {
    fault: Mutex<Fault>,
    /// Commits, requests and tokens since the server was told how to fail.
    commits: AtomicUsize,
    requests: AtomicUsize,
    tokens: AtomicUsize,
    /// Requests with the last token.
    admitted: AtomicUsize,
}

impl Front {
    /// Starts a server before the one at a port.
    pub fn before(server: u16) -> Self {
        Front::start(server, None)
    }

    /// Starts a server over TLS before the one at a port.
    pub fn over_tls(server: u16) -> Self {
        Front::start(server, Some(self_signed()))
    }

    fn start(server: u16, tls: Option<(Arc<ServerConfig>, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, certificate) = tls.unzip();
        let front = Front { port, certificate, shared: Arc::default() };
        let shared = front.shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (shared, config) = (shared.clone(), config.clone());
                std::thread::spawn(move || match config {
                    None => serve(client, server, &shared),
                    Some(config) => {
                        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
                        serve(&mut stream, server, &shared);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        front
    }

    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub fn certificate(&self) -> &str {
        self.certificate.as_deref().unwrap()
    }

    /// Fails like this from now on.
    pub fn fail(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
        for counter in [&self.shared.commits, &self.shared.requests, &self.shared.tokens, &self.shared.admitted] {
            counter.store(0, Ordering::SeqCst);
        }
    }

    /// Returns how many commits came since then.
    pub fn commits(&self) -> usize {
        self.shared.commits.load(Ordering::SeqCst)
    }

    /// Returns how many requests came since then, those for tokens left out.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Returns how many tokens were given since then.
    pub fn tokens(&self) -> usize {
        self.shared.tokens.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// The token that is given last.
    fn token(&self) -> String {
        format!("issued-{}-by-the-tests", self.tokens.load(Ordering::SeqCst))
    }

    /// Answers a request for a token.
    fn give(&self, request: &Request, credentials: Credentials) -> Vec<u8> {
        if request.body != credentials.form.as_bytes() {
            return json(401, r#"{"error":"invalid_client","error_description":"Credentials are unknown"}"#);
        }
        self.tokens.fetch_add(1, Ordering::SeqCst);
        self.admitted.store(0, Ordering::SeqCst);
        let (token, seconds) = (self.token(), credentials.seconds);
        json(200, &format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":{seconds}}}"#))
    }

    /// Whether a request has the last token, and the token is still good.
    fn admits(&self, request: &Request, credentials: Credentials) -> bool {
        let admitted = self.admitted.fetch_add(1, Ordering::SeqCst) < credentials.requests;
        admitted && request.has_token(&self.token())
    }
}

/// A request: its first line, its headers and its body.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn has_token(&self, token: &str) -> bool {
        self.headers.iter().any(|header| *header == format!("authorization: Bearer {token}"))
    }
}

fn read(client: &mut impl Read) -> Option<Request> {
    let mut reader = BufReader::new(client);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let length = lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: lines.remove(0), headers: lines, body })
}

/// Answers one request and closes the connection.
fn serve(mut client: impl Read + Write, server: u16, shared: &Shared) {
    let Some(request) = read(&mut client) else { return };
    let is_commit = request.line.contains("/transactions/commit");
    let for_token = request.line.starts_with("POST /v1/oauth/tokens ");
    let Shared { fault, commits, .. } = shared;
    let now = fault.lock().unwrap().clone();
    if is_commit {
        commits.fetch_add(1, Ordering::SeqCst);
    }
    if !for_token {
        shared.requests.fetch_add(1, Ordering::SeqCst);
    }
    let passed = || pass(&request, server);
    let answer = match now {
        Fault::GoneBehind if !is_commit && commits.load(Ordering::SeqCst) > 0 => return,
        Fault::Token(token) if !request.has_token(token) => status(401, "Not authorized: no token"),
        Fault::Credentials(credentials) if for_token => shared.give(&request, credentials),
        Fault::Credentials(credentials) if !shared.admits(&request, credentials) => {
            status(401, "Not authorized: the token has expired")
        }
        Fault::UnlistedCommit if request.line.contains("/config") => json(
            200,
            r#"{"defaults":{},"overrides":{},"endpoints":["POST /v1/{prefix}/namespaces/{namespace}/tables/{table}"]}"#,
        ),
        Fault::NoEndpoints(_) if request.line.contains("/config") => json(200, r#"{"defaults":{},"overrides":{}}"#),
        Fault::NoEndpoints(code) if is_commit && code > 0 => status(code, "No route"),
        Fault::Commits(code, count) if is_commit && commits.load(Ordering::SeqCst) <= count => status(code, "busy"),
        Fault::CutBefore if is_commit => {
            *fault.lock().unwrap() = Fault::None;
            return;
        }
        Fault::CutBehind if is_commit => {
            *fault.lock().unwrap() = Fault::None;
            passed();
            return;
        }
        Fault::GoneBehind if is_commit => {
            passed();
            return;
        }
        _ => passed(),
    };
    let _ = client.write_all(&answer);
}

fn status(code: u16, message: &str) -> Vec<u8> {
    json(code, &format!(r#"{{"error":{{"message":"{message}","type":"Fault","code":{code}}}}}"#))
}

fn json(code: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// Passes a request on, and returns the answer as it is.
fn pass(request: &Request, server: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", server)).unwrap();
    let headers = request.headers.iter().filter(|header| !header.to_lowercase().starts_with("connection:"));
    let headers: String = headers.map(|header| format!("{header}\r\n")).collect();
    stream.write_all(format!("{}\r\n{headers}Connection: close\r\n\r\n", request.line).as_bytes()).unwrap();
    stream.write_all(&request.body).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}
