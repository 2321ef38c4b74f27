//! A server before the REST server, which passes requests on or fails as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How the server fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
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
}

/// The server. It ends with the process.
pub struct Front {
    pub port: u16,
    fault: Arc<Mutex<Fault>>,
    commits: Arc<Mutex<usize>>,
}

impl Front {
    /// Starts a server before the one at a port.
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Front {
            port: listener.local_addr().unwrap().port(),
            fault: Arc::new(Mutex::new(Fault::None)),
            commits: Arc::default(),
        };
        let (fault, commits) = (front.fault.clone(), front.commits.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (fault, commits) = (fault.clone(), commits.clone());
                std::thread::spawn(move || serve(client, server, &fault, &commits));
            }
        });
        front
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Fails like this from now on.
    pub fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        *self.commits.lock().unwrap() = 0;
    }

    /// Returns how many commits came since then.
    pub fn commits(&self) -> usize {
        *self.commits.lock().unwrap()
    }
}

/// A request: its first line, its headers and its body.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

fn read(client: &TcpStream) -> Option<Request> {
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
fn serve(mut client: TcpStream, server: u16, fault: &Mutex<Fault>, commits: &Mutex<usize>) {
    let Some(request) = read(&client) else { return };
    let is_commit = request.line.contains("/transactions/commit");
    let now = fault.lock().unwrap().clone();
    if is_commit {
        *commits.lock().unwrap() += 1;
    }
    let passed = || pass(&request, server);
    let answer = match now {
        Fault::GoneBehind if !is_commit && *commits.lock().unwrap() > 0 => return,
        Fault::Token(token)
            if !request.headers.iter().any(|header| *header == format!("authorization: Bearer {token}")) =>
        {
            status(401, "Not authorized: no token")
        }
        Fault::UnlistedCommit if request.line.contains("/config") => json(
            200,
            r#"{"defaults":{},"overrides":{},"endpoints":["POST /v1/{prefix}/namespaces/{namespace}/tables/{table}"]}"#,
        ),
        Fault::NoEndpoints(_) if request.line.contains("/config") => json(200, r#"{"defaults":{},"overrides":{}}"#),
        Fault::NoEndpoints(code) if is_commit && code > 0 => status(code, "No route"),
        Fault::Commits(code, count) if is_commit && *commits.lock().unwrap() <= count => status(code, "busy"),
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
