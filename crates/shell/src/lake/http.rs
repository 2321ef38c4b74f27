//! Requests to a `lakehouse-server` whose answers can be cancelled.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Context;
use digdag_task::{Class, Failure};
use discogs_lakehouse::http::{agent_config, is_loopback};
use discogs_lakehouse::sql::{Cancellation, Cancelled};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::RootCerts;

/// The bytes that are read at once, and how many such pieces wait for the reader.
const PIECE_BYTES: usize = 64 << 10;
const PIECES: usize = 8;

/// The time between two looks at the cancellation.
const PAUSE: Duration = Duration::from_millis(50);

/// The time in which a server is reached.
const CONNECT: Duration = Duration::from_secs(10);

/// The bytes of a problem that are read.
const MAX_PROBLEM_BYTES: u64 = 64 << 10;

/// A server, and what its requests have in common.
pub struct Server {
    /// The address without a slash at its end.
    address: String,
    token: Option<String>,
    agent: Agent,
    cancellation: Cancellation,
}

/// The body of a request.
pub enum Sent {
    /// None.
    Nothing,
    /// JSON.
    Json(Value),
    /// A file of a type.
    File(File, &'static str),
}

/// The answer of a server; its body is read as it arrives.
pub struct Answer {
    /// The run that was read.
    pub run: Option<String>,
    body: Pieces,
}

enum Piece {
    Head { status: u16, run: Option<String> },
    Bytes(Vec<u8>),
    End,
    Failed(String),
}

impl Server {
    /// Returns a server at an address of http or https.
    ///
    /// # Errors
    /// Fails if the address is of neither, or if a token would go over http to another machine.
    pub fn new(address: &str, token: Option<String>, cancellation: Cancellation) -> Result<Self, Failure> {
        if !address.starts_with("http://") && !address.starts_with("https://") {
            return Err(Failure::parameters(format!(
                "parameter url: expected an address of http or https, found {address}"
            ))
            .hint("lakeshell --url http://127.0.0.1:8099"));
        }
        if token.is_some() && address.starts_with("http://") && !is_loopback(address) {
            return Err(Failure::parameters(format!("parameter url: a token is not sent over http to {address}"))
                .hint("use the server's https address"));
        }
        let agent = agent_config(address, RootCerts::WebPki).timeout_connect(Some(CONNECT)).build().into();
        Ok(Server { address: address.trim_end_matches('/').to_owned(), token, agent, cancellation })
    }

    /// Returns the address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request and returns the answer once its head has arrived.
    ///
    /// # Errors
    /// Fails if the server cannot be reached, or with its problem; with [`Cancelled`] if a Ctrl-C arrives meanwhile.
    pub fn send(&self, method: &str, path: &str, accept: &str, sent: Sent) -> anyhow::Result<Answer> {
        let mut request =
            Request::builder().method(method).uri(format!("{}{path}", self.address)).header("Accept", accept);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let (pieces, received) = sync_channel(PIECES);
        let agent = self.agent.clone();
        let begun = match sent {
            Sent::Nothing => request.body(()).map(|request| start(pieces, move || agent.run(request))),
            Sent::Json(json) => {
                let request = request.header("Content-Type", "application/json").body(json.to_string());
                request.map(|request| start(pieces, move || agent.run(request)))
            }
            Sent::File(file, of_type) => {
                let request = request.header("Content-Type", of_type).body(file);
                request.map(|request| start(pieces, move || agent.run(request)))
            }
        };
        begun.with_context(|| format!("{} cannot be asked for {path}", self.address))?;
        let mut body =
            Pieces { received, cancellation: self.cancellation.clone(), piece: Vec::new(), at: 0, is_whole: false };
        match body.next()? {
            Piece::Head { status, run } if status < 400 => Ok(Answer { run, body }),
            Piece::Head { status, .. } => Err(problem(status, body).into()),
            Piece::Failed(why) => Err(Failure::external(format!("{}: {why}", self.address))
                .hint("check the address, and that lakehouse-server runs there")
                .into()),
            Piece::Bytes(_) | Piece::End => Err(anyhow::anyhow!("{}: an answer without a head", self.address)),
        }
    }

    /// Sends a request and returns the JSON of the answer.
    ///
    /// # Errors
    /// Fails like [`Server::send`], or if the answer is no JSON.
    pub fn json(&self, method: &str, path: &str, sent: Sent) -> anyhow::Result<Value> {
        let answer = self.send(method, path, "application/json", sent)?;
        serde_json::from_reader(answer).with_context(|| format!("{}{path} answers no JSON", self.address))
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

/// Runs a request on a thread of its own, because a thread that waits for a server cannot be interrupted. It ends, and with it
/// the query in the server, at the first piece after the reader is gone.
fn start<E: std::fmt::Display>(
    pieces: SyncSender<Piece>,
    run: impl FnOnce() -> Result<ureq::http::Response<ureq::Body>, E> + Send + 'static,
) {
    std::thread::spawn(move || {
        let response = match run() {
            Ok(response) => response,
            Err(error) => return drop(pieces.send(Piece::Failed(error.to_string()))),
        };
        let run = response.headers().get("Discogs-Run").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let head = Piece::Head { status: response.status().as_u16(), run };
        let mut body = response.into_body().into_reader();
        let mut is_wanted = pieces.send(head).is_ok();
        while is_wanted {
            let mut buffer = vec![0; PIECE_BYTES];
            let piece = match body.read(&mut buffer) {
                Ok(0) => Piece::End,
                Ok(read) => {
                    buffer.truncate(read);
                    Piece::Bytes(buffer)
                }
                Err(error) => Piece::Failed(error.to_string()),
            };
            let is_last = !matches!(piece, Piece::Bytes(_));
            is_wanted = pieces.send(piece).is_ok() && !is_last;
        }
    });
}

/// The body of an answer.
struct Pieces {
    received: Receiver<Piece>,
    cancellation: Cancellation,
    piece: Vec<u8>,
    at: usize,
    is_whole: bool,
}

impl Pieces {
    fn next(&mut self) -> Result<Piece, Cancelled> {
        loop {
            self.cancellation.check()?;
            match self.received.recv_timeout(PAUSE) {
                Ok(piece) => return Ok(piece),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Piece::Failed("the answer was cut off".to_owned())),
            }
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.is_whole {
            match self.next().map_err(io::Error::other)? {
                Piece::Bytes(bytes) => (self.piece, self.at) = (bytes, 0),
                Piece::End => self.is_whole = true,
                Piece::Failed(why) => return Err(io::Error::other(format!("the answer is not whole: {why}"))),
                Piece::Head { .. } => {}
            }
        }
        let read = (self.piece.len() - self.at).min(buffer.len());
        buffer[..read].copy_from_slice(&self.piece[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}

/// Returns the failure that a problem of the server stands for.
fn problem(status: u16, body: Pieces) -> Failure {
    let mut text = String::new();
    // A body that cannot be read leaves the status.
    let _ = body.take(MAX_PROBLEM_BYTES).read_to_string(&mut text);
    let problem: Value = serde_json::from_str(&text).unwrap_or_default();
    failure(&problem, &format!("the server answers {status}"))
}

/// Returns the failure of a problem, as the server or a job of it tells it.
pub fn failure(problem: &Value, otherwise: &str) -> Failure {
    let text = |names: [&str; 2]| names.iter().find_map(|name| problem[*name].as_str()).map(str::to_owned);
    let class = match problem["class"].as_str().unwrap_or_default() {
        "parameters" | "not_found" | "unauthorized" | "forbidden" | "too_large" => Class::Parameters,
        "bad_input" => Class::Input,
        "checks_failed" => Class::ChecksFailed,
        "locked" => Class::Locked,
        "external" | "timeout" | "busy" => Class::External,
        _ => Class::Unexpected,
    };
    Failure {
        class,
        message: text(["detail", "message"]).unwrap_or_else(|| otherwise.to_owned()),
        hint: text(["hint", "hint"]),
    }
}
