//! An answer of the server, and the error that it stands for.

use std::time::Duration;

use ureq::http::HeaderMap;

use crate::text::Document;
use crate::{Error, Kind};

/// An answer with its body.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns a header as text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the code of the error in the body.
    pub fn code(&self) -> Option<String> {
        let text = self.text();
        let document = Document::parse(&text)?;
        if document.is("Error") { document.text("Code") } else { None }
    }

    /// Returns the error for an answer that is no success.
    pub fn error(&self, operation: &'static str, place: &str) -> Error {
        let text = self.text();
        let document = Document::parse(&text).filter(|document| document.is("Error"));
        let field = |name: &str| document.as_ref().and_then(|document| document.text(name)).unwrap_or_default();
        let (code, message) = (field("Code"), field("Message"));
        let status = ureq::http::StatusCode::from_u16(self.status).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let parts = [format!("HTTP {} {reason}", self.status), code.clone(), message];
        let parts: Vec<_> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        let mut error = Error::new(kind(self.status, &code), operation, place, parts.join(": "));
        error.retry_after = self.header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        error
    }
}

/// Returns the kind of an answer. Servers agree on codes more than on statuses.
fn kind(status: u16, code: &str) -> Kind {
    match code {
        "RequestTimeTooSkewed" => return Kind::Clock,
        "InvalidObjectState" => return Kind::Archived,
        "NoSuchBucket" => return Kind::NoBucket,
        "NoSuchKey" | "NoSuchUpload" | "NoSuchVersion" => return Kind::Missing,
        "PreconditionFailed" => return Kind::Condition,
        "QuotaExceeded" | "QuotaExceededException" | "XMinioStorageFull" | "InsufficientCapacity" | "StorageFull" => {
            return Kind::Full;
        }
        "BadDigest" | "XAmzContentSHA256Mismatch" | "InvalidDigest" => return Kind::Checksum,
        // A connection that died in the middle of a body.
        "RequestTimeout" | "IncompleteBody" => return Kind::Unavailable,
        // Another conditional request for the key is at work.
        "ConditionalRequestConflict" | "OperationAborted" => return Kind::Unavailable,
        "NotImplemented" => return Kind::Unsupported,
        "ExpiredToken" | "TokenRefreshRequired" => return Kind::Denied,
        _ => {}
    }
    match status {
        401 | 403 => Kind::Denied,
        404 => Kind::Missing,
        412 => Kind::Condition,
        501 => Kind::Unsupported,
        507 => Kind::Full,
        408 | 429 | 500.. => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let answer = Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
        answer.error("write", "s3://lake/a")
    }

    #[test]
    fn an_answer_is_one_line() {
        let error = error(503, "<Error><Code>SlowDown</Code><Message>Please\n reduce</Message></Error>");
        assert_eq!(
            error.to_string(),
            "cannot write s3://lake/a: HTTP 503 Service Unavailable: SlowDown: Please reduce"
        );
        assert!(error.is_transient());
    }

    #[test]
    fn codes_decide_before_statuses() {
        let with = |status, code: &str| error(status, &format!("<Error><Code>{code}</Code></Error>")).kind;
        assert_eq!(with(403, "RequestTimeTooSkewed"), Kind::Clock);
        assert_eq!(with(403, "AccessDenied"), Kind::Denied);
        assert_eq!(with(400, "BadDigest"), Kind::Checksum);
        assert_eq!(with(403, "InvalidObjectState"), Kind::Archived);
        assert_eq!(with(404, "NoSuchBucket"), Kind::NoBucket);
        assert_eq!(with(409, "ConditionalRequestConflict"), Kind::Unavailable);
        assert_eq!((error(404, "").kind, error(412, "").kind), (Kind::Missing, Kind::Condition));
        assert_eq!((error(507, "").kind, error(500, "").kind), (Kind::Full, Kind::Unavailable));
    }
}
