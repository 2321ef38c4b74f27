//! The body of `POST /query`.

use std::time::Duration;

use discogs_lakehouse::own::Pins;
use discogs_lakehouse::query::{Cells, State};
use discogs_lakehouse::tables::iceberg::{AsOf, OwnName};
use serde::Deserialize;

use super::within;
use crate::app::App;
use crate::problem::Problem;

/// The bytes of a statement.
const MAX_SQL_BYTES: usize = 256 << 10;

/// The engine that runs a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineOf {
    /// DuckDB in the server.
    #[default]
    Duckdb,
    /// The Trino of the server.
    Trino,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    sql: String,
    as_of: Option<String>,
    table: Option<String>,
    #[serde(default)]
    engine: EngineOf,
    max_rows: Option<u64>,
    timeout_seconds: Option<u64>,
    #[serde(default)]
    raw_cells: bool,
}

/// A request whose fields were checked.
pub struct Asked {
    /// The statement.
    pub sql: String,
    /// The state of the tables.
    pub state: State,
    /// The engine.
    pub engine: EngineOf,
    /// The rows beyond which the query fails.
    pub max_rows: usize,
    /// The time after which it is cancelled.
    pub timeout: Duration,
    /// How the cells of a CSV are written.
    pub cells: Cells,
}

impl Ask {
    /// Checks the fields, and limits them to what the server allows.
    ///
    /// # Errors
    /// Fails with a problem that names the field.
    pub fn checked(self, app: &App) -> Result<Asked, Problem> {
        if self.sql.len() > MAX_SQL_BYTES {
            return Err(Problem::too_large(format!("the statement has more than {MAX_SQL_BYTES} bytes")));
        }
        let wrong = |field: &str, what: String| Problem::parameters(format!("field {field}: {what}"));
        let as_of = self.as_of.map(|text| text.parse::<AsOf>().map_err(|what| wrong("as_of", what))).transpose()?;
        let table = self.table.map(|text| text.parse::<OwnName>().map_err(|what| wrong("table", what))).transpose()?;
        if table.is_some() && as_of.is_none() {
            return Err(wrong("table", "is of use with as_of only".to_owned()));
        }
        if self.engine == EngineOf::Trino && app.parameters.trino.trino_url.is_none() {
            return Err(wrong("engine", "the server has no Trino".to_owned())
                .hint("ask for duckdb, or start it with --trino-url"));
        }
        if self.engine == EngineOf::Trino && table.is_some() {
            return Err(wrong("table", "Trino reads tables of your own as they are".to_owned())
                .hint("write FOR VERSION AS OF in the statement"));
        }
        let max_rows = self.max_rows.map_or(app.parameters.max_rows, |rows| rows.min(app.parameters.max_rows));
        Ok(Asked {
            sql: self.sql,
            state: State {
                run_id: None,
                as_of,
                table: table.map(|table| table.0),
                pins: Pins::new(),
                catalog: app.parameters.catalog.clone(),
                ..State::default()
            },
            engine: self.engine,
            max_rows: usize::try_from(max_rows).unwrap_or(usize::MAX),
            timeout: within(self.timeout_seconds, app.parameters.query_timeout),
            cells: if self.raw_cells { Cells::Raw } else { Cells::Spreadsheet },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Ask;
    use crate::body::parse;

    #[test]
    fn a_body_has_sql_and_known_fields() {
        assert!(parse::<Ask>(br#"{"sql": "SELECT 1", "engine": "trino", "max_rows": 3}"#).is_ok());
        for wrong in
            ["", "[]", "{}", r#"{"sql": 1}"#, r#"{"sql": "", "lake": "/"}"#, r#"{"sql": "", "engine": "spark"}"#]
        {
            assert!(parse::<Ask>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused(text in ".{0,80}", sql in ".{0,20}") {
            let _ = parse::<Ask>(text.as_bytes());
            let body = serde_json::json!({"sql": sql.clone()}).to_string();
            proptest::prop_assert_eq!(parse::<Ask>(body.as_bytes()).map(|ask| ask.sql), Ok(sql));
        }
    }
}
