//! Answers that are sent while they are computed: a thread writes, a channel of a few pieces, a body.
//!
//! The head of the answer is sent with the first piece. An error before it is a problem; an error after it ends the body with
//! an error, on which hyper closes the connection before the last chunk, so no client takes the answer for a whole one.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use discogs_lakehouse::lake::RunId;
use http_body::Frame;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::app::Shared;
use crate::cancel::{Cancel, Client, broken};
use crate::problem::Problem;

/// The bytes of a piece.
const PIECE: usize = 64 << 10;

/// The pieces that wait for the client, beside the one that is written.
const PIECES: usize = 4;

enum Piece {
    Bytes(Bytes),
    /// The answer is whole.
    End,
}

/// The writer of an answer, on a thread for blocking work.
pub struct Outlet {
    sender: mpsc::Sender<Piece>,
    run: Option<oneshot::Sender<RunId>>,
    buffer: Vec<u8>,
    cancel: Cancel,
    runtime: Handle,
}

impl Outlet {
    /// Names the run that the answer is about, before its first byte.
    pub fn set_run(&mut self, run: Option<RunId>) {
        if let (Some(run), Some(sender)) = (run, self.run.take()) {
            // A client that went away needs no run.
            let _ = sender.send(run);
        }
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        let (sender, cancel) = (&self.sender, &self.cancel);
        // A slow client blocks the query here, until it is cancelled.
        let sent = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => false,
                sent = sender.send(piece) => sent.is_ok(),
            }
        });
        if sent { Ok(()) } else { Err(broken()) }
    }

    fn send_buffer(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.buffer);
        match piece.is_empty() {
            true => Ok(()),
            false => self.send(Piece::Bytes(piece.into())),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        self.send_buffer()?;
        self.send(Piece::End)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(PIECE);
        }
        let taken = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PIECE {
            self.send_buffer()?;
        }
        Ok(taken)
    }

    /// Sends nothing: a writer flushes more often than a piece is full, and the end sends the rest.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The body of an answer that is being computed.
struct Streamed {
    first: Option<Bytes>,
    receiver: mpsc::Receiver<Piece>,
    /// Cancels the query once the body is dropped.
    _client: Client,
}

/// An answer ended before it was whole.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer is not whole")
    }
}

impl std::error::Error for Broken {}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        Poll::Ready(match ready!(self.receiver.poll_recv(context)) {
            Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => None,
            None => Some(Err(Broken)),
        })
    }
}

/// Answers with what `write` writes on a thread for blocking work. The query holds `permit` until it has ended, and is
/// cancelled after `limit` or when the client goes away.
///
/// # Errors
/// Fails with the error of `write` if that comes before the first bytes.
pub async fn answer(
    app: &Shared,
    permit: OwnedSemaphorePermit,
    limit: Duration,
    content_type: &'static str,
    write: impl FnOnce(&mut Outlet, &Cancel) -> anyhow::Result<()> + Send + 'static,
) -> Result<Response, Problem> {
    let (cancel, client, running) = Cancel::watch(app, limit);
    let (sender, mut receiver) = mpsc::channel(PIECES);
    let (run_sender, mut run) = oneshot::channel();
    let (outlet_cancel, runtime) = (cancel.clone(), Handle::current());
    let written = app.tasks.spawn_blocking(move || {
        let _until_here = (permit, running);
        let mut outlet =
            Outlet { sender, run: Some(run_sender), buffer: Vec::new(), cancel: outlet_cancel.clone(), runtime };
        let written = write(&mut outlet, &outlet_cancel).and_then(|()| Ok(outlet.finish()?));
        written.map_err(|error| match outlet_cancel.reason() {
            Some(reason) => reason.problem(),
            None => Problem::from(error),
        })
    });
    let first = match receiver.recv().await {
        Some(Piece::Bytes(first)) => Some(first),
        Some(Piece::End) => None,
        None => {
            return Err(match written.await {
                Ok(Err(problem)) => problem,
                Ok(Ok(())) | Err(_) => crate::blocking::panicked().into(),
            });
        }
    };
    let mut response = match first {
        Some(first) => {
            let request = app.clone();
            tokio::spawn(async move {
                if let Ok(Err(problem)) = written.await {
                    request.metrics.broken();
                    crate::log::say(format_args!("an answer was broken off: {}", problem.detail));
                }
            });
            Response::new(Body::new(Streamed { first: Some(first), receiver, _client: client }))
        }
        None => Response::new(Body::empty()),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // The thread names the run before the first bytes, or not at all.
    if let Ok(run) = run.try_recv()
        && let Ok(run) = HeaderValue::from_str(run.as_str())
    {
        headers.insert("discogs-run", run);
    }
    Ok(response)
}
