//! The parameters of an ingest.

use axum::http::{HeaderMap, header};
use clap::ValueEnum;
use discogs_lakehouse::own::{Declared, Encoding, Format, Mode, Request};
use discogs_lakehouse::tables::iceberg::OwnName;
use serde::Deserialize;

use crate::body::media_type;
use crate::problem::Problem;

/// The characters of an idempotency key.
const MAX_KEY: usize = 200;

/// The parameters in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    key: Option<String>,
    mode: Option<String>,
    declare: Option<String>,
    partial: Option<bool>,
    order_by: Option<String>,
}

/// The parameters, checked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The request, as the task `upsert-table` makes it.
    pub request: Request,
    /// The format of the body.
    pub format: Format,
    /// The encoding of the body, unless it is UTF-8 or marked.
    pub encoding: Option<Encoding>,
    /// All parameters as one text, to tell requests apart.
    pub text: String,
}

impl Parameters {
    /// Checks the parameters, with the table of the path and the type of the body.
    ///
    /// # Errors
    /// Fails with a problem that names the parameter.
    pub fn checked(self, table: &str, headers: &HeaderMap) -> Result<Ask, Problem> {
        let wrong = |name: &str, what: String| Problem::parameters(format!("parameter {name}: {what}"));
        let table: OwnName = table.parse().map_err(|what| wrong("table", what))?;
        let mode = self.mode.as_deref().map(|mode| Mode::from_str(mode, false)).transpose();
        let mode = mode.map_err(|_| wrong("mode", "expected upsert, append, replace or delete".to_owned()))?;
        let declared: Declared =
            self.declare.as_deref().unwrap_or_default().parse().map_err(|what| wrong("declare", what))?;
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::unsupported_type("a packed body is not read").hint("send it as it is"));
        }
        let format = format(headers)?;
        let text = format!("{table:?} {self:?} {format:?} {:?}", headers.get(header::CONTENT_TYPE));
        Ok(Ask {
            request: Request {
                table: table.0,
                mode: mode.unwrap_or_default(),
                key: names(self.key.as_deref()),
                declared,
                partial: self.partial.unwrap_or(false),
                order_by: names(self.order_by.as_deref()),
                rewrite: false,
                dry_run: false,
                partition: Vec::new(),
                sort: Vec::new(),
                winner: None,
            },
            format,
            encoding: encoding(headers).map_err(|what| wrong("charset", what))?,
            text,
        })
    }
}

fn names(text: Option<&str>) -> Vec<String> {
    let names = text.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Returns the format that `Content-Type` names.
fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    match media_type(headers).as_deref() {
        Some("text/csv") => Ok(Format::Csv),
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl") => Ok(Format::Ndjson),
        Some("application/vnd.apache.parquet" | "application/x-parquet") => Ok(Format::Parquet),
        _ => Err(Problem::unsupported_type("the header Content-Type names no format of rows")
            .hint("send text/csv, application/x-ndjson or application/vnd.apache.parquet")),
    }
}

fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, String> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let charset = text.split(';').skip(1).find_map(|part| part.trim().strip_prefix("charset="));
    charset.map(|charset| charset.trim_matches('"').parse()).transpose()
}

/// Returns the idempotency key of a request.
///
/// # Errors
/// Fails if the key is empty, too long, or no plain text.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim_matches('"');
    match key.is_empty() || key.len() > MAX_KEY {
        true => Err(Problem::parameters(format!("the Idempotency-Key is no plain text of 1 to {MAX_KEY} characters"))),
        false => Ok(Some(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(content_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        headers
    }

    #[test]
    fn parameters_are_those_of_the_task() {
        let parameters =
            Parameters { key: Some("a, b".to_owned()), mode: Some("append".to_owned()), ..Parameters::default() };
        let ask = parameters.checked("inventory", &headers("text/csv; charset=latin1")).expect("parameters");
        assert_eq!((ask.request.key, ask.request.mode), (vec!["a".to_owned(), "b".to_owned()], Mode::Append));
        assert_eq!((ask.request.table.to_string().as_str(), ask.format), ("mine.inventory", Format::Csv));
        assert!(ask.encoding.is_some());
        let refused = |table: &str, content_type: &str, parameters: Parameters| {
            parameters.checked(table, &headers(content_type)).expect_err("it is refused").status.as_u16()
        };
        assert_eq!(refused("silver.artists_v1", "text/csv", Parameters::default()), 400);
        assert_eq!(refused("../x", "text/csv", Parameters::default()), 400);
        assert_eq!(refused("t", "application/json", Parameters::default()), 415);
        assert_eq!(refused("t", "text/csv; charset=klingon", Parameters::default()), 400);
        let mode = Parameters { mode: Some("merge".to_owned()), ..Parameters::default() };
        assert_eq!(refused("t", "text/csv", mode), 400);
    }

    proptest::proptest! {
        #[test]
        fn any_request_is_read_or_refused(table in ".{0,20}", text in ".{0,30}", content_type in "[ -~]{0,40}") {
            let parameters = Parameters {
                key: Some(text.clone()),
                declare: Some(text.clone()),
                order_by: Some(text.clone()),
                ..Parameters::default()
            };
            let _ = parameters.checked(&table, &headers(&content_type));
            let csv = headers("text/csv");
            if let Ok(ask) = (Parameters { key: Some(text), ..Parameters::default() }).checked(&table, &csv) {
                proptest::prop_assert!(ask.request.table.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
            }
        }
    }
}
