//! The database that a month is exported to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A database, as `--to` names it.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A schema of a Postgres server: `postgres://user@host:port/database`.
    Postgres(String),
    /// A SQLite file: `.sqlite`, `.sqlite3` or `.db`.
    Sqlite(PathBuf),
    /// A DuckDB file: `.duckdb`.
    DuckDb(PathBuf),
}

/// A URL is not shown: it may hold a password until it is refused.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Postgres(_) => f.write_str("Postgres"),
            Target::Sqlite(path) | Target::DuckDb(path) => path.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Target::Postgres(text.to_owned()));
        }
        let path = PathBuf::from(text);
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("sqlite" | "sqlite3" | "db") => Ok(Target::Sqlite(path)),
            Some("duckdb") => Ok(Target::DuckDb(path)),
            _ => Err("expected postgres://USER@HOST:PORT/DATABASE, FILE.sqlite or FILE.duckdb".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_files_are_told_apart() {
        let parsed = |text: &str| text.parse::<Target>().ok();
        assert!(
            parsed("postgresql://me@localhost/discogs")
                == Some(Target::Postgres("postgresql://me@localhost/discogs".into()))
        );
        assert!(parsed("a/discogs.sqlite") == Some(Target::Sqlite("a/discogs.sqlite".into())));
        assert!(parsed("discogs.duckdb") == Some(Target::DuckDb("discogs.duckdb".into())));
        assert!(parsed("discogs").is_none() && parsed("mysql://localhost/discogs").is_none());
    }
}
