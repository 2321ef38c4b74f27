//! Bodies of requests, read piece by piece within limits of length and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use crate::problem::Problem;

/// The bytes of a body of JSON.
const MAX_JSON_BYTES: u64 = 1 << 20;

/// A body that is being read.
pub struct Incoming {
    body: Body,
    stall: Duration,
    end: Instant,
    left: u64,
    max_bytes: u64,
}

impl Incoming {
    /// Returns the pieces of a body of at most `max_bytes`, each of which comes within `stall` of the one before, and all
    /// within `total`.
    ///
    /// # Errors
    /// Fails if the head of the request says that the body is longer.
    pub fn new(
        headers: &HeaderMap,
        body: Body,
        max_bytes: u64,
        (stall, total): (Duration, Duration),
    ) -> Result<Self, Problem> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match length {
            Some(length) if length > max_bytes => Err(too_large(max_bytes)),
            _ => Ok(Incoming { body, stall, end: Instant::now() + total, left: max_bytes, max_bytes }),
        }
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// Fails if the body is too long, comes too slowly, or ends before its length.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = timeout_at(self.end, timeout(self.stall, self.body.frame())).await;
            let frame = frame.map_err(|_| Problem::slow_sender())?.map_err(|_| Problem::slow_sender())?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| Problem::parameters("the body ended before its length"))?;
            // Trailers are of no use here.
            let Ok(piece) = frame.into_data() else { continue };
            let length = piece.len() as u64;
            self.left = self.left.checked_sub(length).ok_or_else(|| too_large(self.max_bytes))?;
            return Ok(Some(piece));
        }
    }
}

fn too_large(max_bytes: u64) -> Problem {
    Problem::too_large(format!("the body has more than {max_bytes} bytes")).hint("send it in parts")
}

/// Reads a body of JSON. One without bytes is read as `{}`.
///
/// # Errors
/// Fails if the body is no JSON of the fields that are known, is declared as another type, too long, or too slow.
pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, stall: Duration) -> Result<T, Problem> {
    if media_type(headers).as_deref() != Some("application/json") {
        return Err(
            Problem::unsupported_type("expected a body of application/json").hint("set the header Content-Type")
        );
    }
    let mut incoming = Incoming::new(headers, body, MAX_JSON_BYTES, (stall, stall))?;
    let mut text = Vec::new();
    while let Some(piece) = incoming.next().await? {
        text.extend_from_slice(&piece);
    }
    parse(&text)
}

/// Parses a body of JSON.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| Problem::parameters(format!("the body: {error}")))
}

/// Returns the type that a request gives for its body, in small letters and without parameters.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next()?.trim().to_ascii_lowercase())
}
