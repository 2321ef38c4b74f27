//! The one error of this crate: what was done, on which key, why it failed, and whether a repetition may succeed.

use std::fmt;
use std::time::Duration;

/// The result of every call.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of one request. Its text is one line without secrets.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {place}: {why}")]
pub struct Error {
    /// The kind, which decides what a caller does.
    pub kind: Kind,
    /// The operation in words: `write`, `read`, `list`.
    pub operation: &'static str,
    /// `s3://bucket/key`, or the server.
    pub place: String,
    /// The reason in one line.
    pub why: String,
    /// How long the server asks clients to wait.
    pub retry_after: Option<Duration>,
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A setting is invalid: an endpoint that is no URL, a certificate file without a certificate.
    Settings,
    /// There are no credentials, or the place that has them cannot be reached.
    NoCredentials,
    /// The server refuses the credentials, or what they ask for.
    Denied,
    /// The clocks of the client and the server are too far apart.
    Clock,
    /// There is no such bucket.
    NoBucket,
    /// There is no such object, upload or part.
    Missing,
    /// The object exists, or has another ETag, so a conditional request did nothing.
    Condition,
    /// The object is in an archive class, and must be restored before it is read.
    Archived,
    /// The server has no room left.
    Full,
    /// The bytes that arrived are not those that were sent.
    Checksum,
    /// The server shows a certificate that is not trusted, or does not speak TLS.
    Untrusted,
    /// The connection broke, a time limit passed, or the server is busy.
    Unavailable,
    /// The server does not know the operation.
    Unsupported,
    /// Any other refusal.
    Refused,
}

impl Error {
    /// Returns an error without a wait of its own.
    pub(crate) fn new(kind: Kind, operation: &'static str, place: impl fmt::Display, why: impl fmt::Display) -> Self {
        let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Error { kind, operation, place: place.to_string(), why, retry_after: None }
    }

    /// Returns whether the same call may succeed if it is repeated.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Checksum)
    }
}
