//! Errors as RFC 9457 problems, with the class, the message and the hint of the tasks.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use digdag_task::{ErrorReport, Failure, printable};
use discogs_lakehouse::commands::failure_of;
use discogs_lakehouse::query::TooManyRows;
use serde_json::json;

/// An error that a client receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The class, as results of tasks have it, or one of the server's own.
    pub class: String,
    /// What failed, on what, and why, on one line.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the same request can succeed later.
    pub retryable: bool,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, class: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Problem { status, class: class.to_owned(), detail, hint: None, retryable: false, retry_after: None }
    }

    /// Returns the problem of a wrong parameter, address or body.
    pub fn parameters(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "parameters", detail)
    }

    /// Returns the problem of a request without a token that is known.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Returns the problem of a request that is not permitted.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Returns the problem of a missing thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Returns the problem of an address that has no such method.
    pub fn method(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
    }

    /// Returns the problem of an answer in no type that the client accepts.
    pub fn not_acceptable(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
    }

    /// Returns the problem of a body of an unknown type.
    pub fn unsupported_type(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)
    }

    /// Returns the problem of a body that is too large.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// Returns the problem of a client that sends too slowly.
    pub fn slow_sender() -> Self {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time").hint("send it again")
    }

    /// Returns the problem of a query that takes too long.
    pub fn time_limit(seconds: u64) -> Self {
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", format!("the query was cancelled after {seconds} s"))
            .hint("ask for less, or raise --query-timeout of the server")
    }

    /// Returns the problem of a server that has too much to do, or is being stopped.
    pub fn busy(detail: impl Into<String>) -> Self {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).hint("try again later");
        Problem { retryable: true, retry_after: Some(2), ..problem }
    }

    /// Returns the problem of an idempotency key that another request has used.
    pub fn key_of_another_request() -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "parameters", "the Idempotency-Key belongs to another request")
            .hint("use a key of its own for each body and its parameters")
    }

    /// Sets the hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Problem { hint: Some(hint.into()), ..self }
    }

    /// Returns the problem of a wrong parameter as that of a missing thing, which the address names.
    pub fn into_not_found(self) -> Self {
        match self.class.as_str() {
            "parameters" => Problem { status: StatusCode::NOT_FOUND, class: "not_found".to_owned(), ..self },
            _ => self,
        }
    }

    /// Returns the class, message and hint, as a record of a job has them.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            class: self.class.clone(),
            message: self.detail.clone(),
            retryable: self.retryable,
            hint: self.hint.clone(),
        }
    }

    /// Returns the body of the answer.
    pub fn body(&self, request_id: &str) -> String {
        let title = self.status.canonical_reason().unwrap_or_default();
        let problem = json!({
            "type": format!("urn:discogs-lakehouse:problem:{}", self.class), "title": title,
            "status": self.status.as_u16(), "detail": printable(&self.detail), "class": self.class,
            "hint": self.hint, "retryable": self.retryable, "request_id": request_id,
        });
        format!("{problem}\n")
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Problem::from(ErrorReport::from(&failure))
    }
}

impl From<ErrorReport> for Problem {
    fn from(report: ErrorReport) -> Self {
        let status = match report.class.as_str() {
            "parameters" => StatusCode::BAD_REQUEST,
            "bad_input" | "checks_failed" => StatusCode::UNPROCESSABLE_ENTITY,
            "locked" => StatusCode::CONFLICT,
            "external" => StatusCode::BAD_GATEWAY,
            "stopped" | "busy" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let retry_after = matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE).then_some(2);
        let problem = Problem::new(status, &report.class, report.message);
        Problem { hint: report.hint, retryable: report.retryable, retry_after, ..problem }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<TooManyRows>() {
            Some(many) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", many.to_string())
                .hint("add LIMIT to the statement, or raise max_rows up to --max-rows of the server"),
            None => Problem::from(failure_of(&error)),
        }
    }
}

impl IntoResponse for Problem {
    /// Leaves the body to `guard.rs`, which knows the id of the request.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
