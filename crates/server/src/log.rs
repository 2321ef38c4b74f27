//! The access log on stderr: a line for each request, once its answer is sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use digdag_task::{printable, say_line};
use http_body::{Body as _, Frame};
use jiff::Timestamp;

use crate::NAME;
use crate::app::Shared;

/// Writes a line for people.
pub fn say(line: fmt::Arguments<'_>) {
    say_line(format_args!("{NAME}: {line}"));
}

/// A request, as its line has it.
pub struct Request {
    /// The state of the server.
    pub app: Shared,
    /// When it came.
    pub began: Instant,
    /// The address of the client.
    pub peer: String,
    /// The name of the client's token.
    pub who: String,
    /// The method.
    pub method: String,
    /// The path, without the parameters, which may hold what a user searches for.
    pub path: String,
    /// The path of the endpoint, such as `/tables/{table}`.
    pub endpoint: String,
    /// The id of the request.
    pub id: String,
}

/// A body that writes the line of its request once it is sent or dropped.
pub struct Logged {
    body: Body,
    request: Request,
    status: StatusCode,
    bytes: u64,
    is_whole: bool,
}

impl Logged {
    /// Returns the body of an answer.
    pub fn new(body: Body, request: Request, status: StatusCode) -> Self {
        let is_whole = body.is_end_stream();
        Logged { body, request, status, bytes: 0, is_whole }
    }
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.is_whole = self.body.is_end_stream();
            }
            Some(Err(_)) => {}
            None => self.is_whole = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let Logged { request, status, bytes, is_whole, .. } = self;
        let seconds = request.began.elapsed().as_secs_f64();
        request.app.metrics.answered(&request.method, &request.endpoint, *status, seconds, *bytes);
        let broken = if *is_whole { "" } else { " broken off" };
        say(format_args!(
            "{} {} {} \"{} {}\" {} {bytes} bytes {:.1} ms {}{broken}",
            Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            request.peer,
            request.who,
            request.method,
            printable(&request.path),
            status.as_u16(),
            seconds * 1000.0,
            request.id,
        ));
    }
}
