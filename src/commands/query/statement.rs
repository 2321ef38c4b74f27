//! The statement that a call names: a showcase query, a file, or SQL.

use std::fs;

use super::Query;
use crate::sql::SqlFile;
use digdag_task::Failure;

const SHOWCASE: &str = "showcase_queries";

/// Returns the SQL and its name for messages.
///
/// # Errors
/// Fails if the call names no statement, the file cannot be read, or the name matches no or several showcase queries.
pub fn statement(parameters: &Query) -> anyhow::Result<(String, String)> {
    if let Some(sql) = &parameters.sql {
        return Ok((sql.clone(), "the given SQL".to_owned()));
    }
    if let Some(path) = &parameters.sql_file {
        let read = fs::read_to_string(path);
        let text = read.map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
        return Ok((text, path.display().to_string()));
    }
    let Some(name) = &parameters.name else {
        return Err(Failure::parameters("expected one of --sql \"SELECT …\", --sql-file FILE and --name QUERY")
            .hint("query --list names the showcase queries")
            .into());
    };
    let found = showcase(name)?;
    Ok((found.text, found.path))
}

/// Returns the showcase queries, by path.
///
/// # Errors
/// Fails if a query is not UTF-8.
pub fn showcase_queries() -> anyhow::Result<Vec<SqlFile>> {
    SqlFile::below(SHOWCASE)
}

/// Returns a query's name with its folder: `30_releases/01_release_country_top`.
pub fn full_name(file: &SqlFile) -> &str {
    file.path.trim_start_matches("sql/showcase_queries/").trim_end_matches(".sql")
}

/// Returns the query whose name is `name`, otherwise the only one whose name ends with it.
fn showcase(name: &str) -> anyhow::Result<SqlFile> {
    let name = name.trim_end_matches(".sql");
    let ends_with = |file: &SqlFile, boundaries: &[char]| {
        let before = full_name(file).strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with(boundaries))
    };
    let files = showcase_queries()?;
    let exact = files.iter().find(|file| ends_with(file, &['/']));
    let found: Vec<&SqlFile> = match exact {
        Some(file) => vec![file],
        None if name.is_empty() => Vec::new(),
        None => files.iter().filter(|file| ends_with(file, &['_', '/'])).collect(),
    };
    match found.as_slice() {
        [file] => Ok((*file).clone()),
        [] => Err(Failure::parameters(format!("parameter name: there is no showcase query {name:?}"))
            .hint("query --list names them")
            .into()),
        several => {
            let names: Vec<&str> = several.iter().map(|file| full_name(file)).collect();
            Err(Failure::parameters(format!("parameter name: {name:?} is the end of {}", names.join(" and of ")))
                .hint(format!("query --name {} runs the first of them", names[0]))
                .into())
        }
    }
}
