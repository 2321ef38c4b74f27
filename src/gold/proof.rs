//! Proves the rows of a gold table before they are committed: its key, and the checks of `sql/gold/checks`.

use lake_catalog::TableName;

use super::Definition;
use crate::sql::statement::{filled, first_row, piece};
use crate::sql::{DuckDb, SqlFile, quoted};
use digdag_task::{Failure, Observer};

/// Proves the rows in the view `built`.
///
/// # Errors
/// Fails with a failure of class `ChecksFailed` that names the rule, if rows break it.
pub fn prove(engine: &DuckDb, table: &Definition, observer: &dyn Observer) -> anyhow::Result<()> {
    let key: Vec<_> = table.key.iter().map(|name| quoted(name)).collect();
    let is_given = key.iter().map(|column| piece("gold/statement/is_given", &[("column", column)]));
    let is_given = is_given.collect::<anyhow::Result<Vec<_>>>()?.join(" AND ");
    let (text, path) = filled("gold/statement/key", &[("key", &key.join(", ")), ("is_given", &is_given)])?;
    let unique = SqlFile { name: "key".to_owned(), path, text };
    for rule in [&unique].into_iter().chain(&table.checks) {
        require(engine, &table.name, rule, observer)?;
    }
    Ok(())
}

fn require(engine: &DuckDb, table: &TableName, rule: &SqlFile, observer: &dyn Observer) -> anyhow::Result<()> {
    let found = first_row(engine, "gold/statement/found", &[("rule", &rule.text)])
        .map_err(|error| error.context(rule.path.clone()))?;
    let mut cells = found.into_iter();
    match cells.next().flatten().as_deref() {
        None | Some("0") => Ok(()),
        Some(count) => {
            let first = cells.next().flatten().unwrap_or_default();
            // The row is data, which the task's result never holds.
            observer.note(format_args!("{}: {count} rows, such as {first}", rule.path));
            Err(Failure::checks_failed(format!("{table}: {count} rows break {}; nothing was committed", rule.path))
                .hint(format!("correct sql/gold/{}.sql, or the rule", table.name))
                .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use digdag_task::{Class, Quiet};

    /// An engine with the tables that a statement makes.
    fn engine_with(tables: &str) -> (DuckDb, tempfile::TempDir) {
        let (engine, folder) = DuckDb::of_test();
        engine.execute(tables, "the tables of the test").expect("tables");
        (engine, folder)
    }

    fn broken(engine: &DuckDb, table: &str, rule: &str) -> bool {
        let rule = SqlFile::load(&format!("gold/checks/{table}.{rule}")).expect("a rule");
        match require(engine, &TableName::new("gold", table), &rule, &Quiet) {
            Ok(()) => false,
            Err(error) => {
                assert_eq!(Failure::of(&error).class, Class::ChecksFailed, "{error:#}");
                true
            }
        }
    }

    const FEATURES: &str = "CREATE TABLE built AS SELECT
        range AS release_id, CASE WHEN range % 10 < 8 THEN 'train' ELSE 'test' END AS split,
        CASE WHEN hash(range) % 2 = 0 THEN 'Rock' ELSE 'Jazz' END AS genre, 'US' AS country, 1990 AS decade,
        'Vinyl' AS format, 1 AS media, 1 AS format_descriptions, 1 AS artists, 1 AS credits, 1 AS labels, 1 AS companies,
        1 AS identifiers, true AS has_barcode, 1 AS tracks, range % 300 AS track_seconds, 0 AS videos, 0 AS notes_length,
        {leak} AS label_releases FROM range(5000)";

    #[test]
    fn a_feature_that_gives_the_target_away_is_found() {
        let rule = "no_feature_gives_the_target_away";
        let (honest, _folder) = engine_with(&FEATURES.replace("{leak}", "hash(range + 7) % 3"));
        assert!(!broken(&honest, "release_features", rule));
        let (leaking, _folder) = engine_with(&FEATURES.replace("{leak}", "hash(range) % 2"));
        assert!(broken(&leaking, "release_features", rule));
    }

    #[test]
    fn every_feature_is_examined_for_a_leak() {
        let rule = SqlFile::load("gold/checks/release_features.no_feature_gives_the_target_away").expect("a rule");
        let all = Definition::all().expect("definitions");
        let table = all.iter().find(|table| table.name.name == "release_features").expect("the table");
        for column in table.columns.iter().map(|column| &column.name) {
            let is_feature = !["release_id", "split", "genre"].contains(&column.as_str());
            assert_eq!(rule.text.contains(&format!("'{column}'")), is_feature, "{column}");
        }
    }

    #[test]
    fn a_count_that_does_not_add_up_is_found() {
        let tables = |value: u64| {
            format!(
                "CREATE TABLE releases_v6 AS FROM range(3); CREATE TABLE built AS
                 SELECT 'releases by country' AS metric, 'US' AS dimension, {value} AS value"
            )
        };
        for (value, is_broken) in [(3, false), (4, true)] {
            let (engine, _folder) = engine_with(&tables(value));
            assert_eq!(broken(&engine, "monthly_metrics", "countries_and_decades_add_up"), is_broken, "{value}");
        }
    }
}
