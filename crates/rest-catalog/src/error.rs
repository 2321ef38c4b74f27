//! Errors as Iceberg's `ErrorResponse`: `{"error": {"message", "type", "code"}}`.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use lake_catalog::Error;
use serde_json::json;

/// A result of a request.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// How long a client waits before it repeats a request that met a busy database, in seconds.
const RETRY_AFTER: &str = "1";

/// A request that is not answered with success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The name of the exception that clients raise.
    pub kind: &'static str,
    /// The message for people.
    pub message: String,
    /// Whether another writer committed between the reading and the writing of this request, which the server repeats.
    pub(crate) is_overtaken: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Refusal { status: status.as_u16(), kind, message: message.into(), is_overtaken: false }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::FORBIDDEN, "ForbiddenException", message)
    }

    pub(crate) fn no_namespace(namespace: &str) -> Self {
        Error::NoNamespace(namespace.to_owned()).into()
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntityException", message)
    }

    /// Returns the refusal for work that ended without a result.
    pub(crate) fn broken(what: &str) -> Self {
        let message = format!("the request was not completed: {what}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, kind) = match &error {
            Error::NoTable(_) => (StatusCode::NOT_FOUND, "NoSuchTableException"),
            Error::NoNamespace(_) => (StatusCode::NOT_FOUND, "NoSuchNamespaceException"),
            Error::TableExists(_) | Error::NamespaceExists(_) => (StatusCode::CONFLICT, "AlreadyExistsException"),
            Error::NamespaceNotEmpty(_) => (StatusCode::CONFLICT, "NamespaceNotEmptyException"),
            Error::Conflict(_) | Error::Requirement(..) => (StatusCode::CONFLICT, "CommitFailedException"),
            Error::Refused(..) => (StatusCode::BAD_REQUEST, "BadRequestException"),
            Error::Unknown(_) => (StatusCode::INTERNAL_SERVER_ERROR, "CommitStateUnknownException"),
            // Nothing was changed, and the same request may succeed later.
            error if error.is_transient() => (StatusCode::SERVICE_UNAVAILABLE, "SlowDownException"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        };
        let is_overtaken = matches!(error, Error::Conflict(_));
        Refusal { is_overtaken, ..Refusal::new(status, kind, message(&error)) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({"error": {"message": self.message, "type": self.kind, "code": self.status}}).to_string();
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

/// Returns the message of an error, in the words of Iceberg's own server where it has words for it: programs show them, and
/// some look for them.
fn message(error: &Error) -> String {
    match error {
        Error::NoTable(table) => format!("Table does not exist: {table}"),
        Error::NoNamespace(namespace) => format!("Namespace does not exist: {namespace}"),
        Error::TableExists(table) => format!("Table already exists: {table}"),
        Error::NamespaceExists(namespace) => format!("Namespace already exists: {namespace}"),
        Error::NamespaceNotEmpty(namespace) => format!("Namespace {namespace} is not empty"),
        Error::Requirement(table, why) => {
            format!("{} (table {table}; nothing was committed)", requirement(why.message()))
        }
        Error::Refused(table, why) => format!("table {table}: {}", why.message()),
        error => in_one_line(error),
    }
}

/// Returns what the crate `iceberg` says of a requirement in the words of Iceberg's own server.
fn requirement(message: &str) -> String {
    let failed = "Requirement failed: ";
    let words = [
        ("Table UUID does not match", "UUID does not match"),
        ("Current schema id does not match", "current schema changed"),
        ("Last assigned field id does not match", "last assigned field id changed"),
        ("Last assigned partition id does not match", "last assigned partition id changed"),
        ("Default partition spec id does not match", "default partition spec changed"),
        ("Default sort order id does not match", "default sort order changed"),
    ];
    let what = message.strip_prefix(failed).unwrap_or(message);
    let said = words.iter().find(|(rust, _)| *rust == what).map(|(_, java)| *java);
    let said = said.or_else(|| what.starts_with("Table with id").then_some("table already exists"));
    format!("{failed}{}", said.unwrap_or(what))
}

/// Returns an error with its causes.
fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
