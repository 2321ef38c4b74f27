//! `sql/sanity_report_active_v1.sql`: the checks of the published tables as one statement, for a Trino or DuckDB client.
//!
//! Generated from the files of the checks; a test keeps the two equal. It has the checks that people run in their own
//! tests: rows, keys, references, and the warehouse against its sources. The others exceed the 150 stages that Trino
//! allows a statement, or need functions that a plain client lacks.

use super::catalogue;
use super::query::CheckQuery;
use crate::contract::{Contract, Environment, MAX_ROWS_WITHOUT_SHARE};
use crate::sql::{SqlFile, quoted, text_literal};

const ABOUT: &str = "\
-- The checks of what is published, as one statement for a Trino or DuckDB client: paste it, and look for ok = false.
-- CRITICAL with ok = false must not be published; WARN is worth a look; INFO is known upstream.
--
-- Made of sql/contract.yml, sql/checks and sql/statement: change those, then UPDATE_DOCS=1 cargo test --lib statement
";

/// Returns the statement, with the minimum numbers of rows of an environment.
///
/// # Errors
/// Fails if a check cannot be built.
pub fn sanity_statement(contract: &Contract, environment: &Environment) -> anyhow::Result<String> {
    let mut checks = Vec::new();
    let rows = SqlFile::load("statement/rows")?;
    for table in contract.tables.iter().filter(|table| table.published && !table.optional) {
        let least = environment.minimum_rows_of(&table.name);
        checks.push(without_comments(&rows.with(&[
            ("name", &text_literal(&format!("{}.rows", table.report_name()))),
            ("details", &text_literal(&format!("at least {least} rows are expected"))),
            ("least", &least.to_string()),
            ("table", &quoted(table.sql_name())),
        ])));
    }
    let (critical, bounded) = (SqlFile::load("statement/critical")?, SqlFile::load("statement/bounded")?);
    for check in catalogue::checks(contract)?.iter().filter(|check| check.in_statement) {
        let of = contract.table(&check.of)?;
        if !of.published || of.optional {
            continue;
        }
        checks.push(row(check, if check.expect.max_share.is_some() { &bounded } else { &critical }, of.sql_name()));
    }
    let report = SqlFile::load("statement/report")?;
    Ok(format!("{ABOUT}{}", report.with(&[("checks", &checks.join("\nUNION ALL\n"))])))
}

fn row(check: &CheckQuery, file: &SqlFile, table: &str) -> String {
    let places = [
        ("name", text_literal(&check.name)),
        ("details", text_literal(&check.means)),
        ("severity", text_literal(&check.expect.severity.to_string())),
        ("severity_beyond", text_literal(&check.expect.severity_beyond().to_string())),
        ("max_share", check.expect.max_share.unwrap_or_default().to_string()),
        ("max_rows", MAX_ROWS_WITHOUT_SHARE.to_string()),
        ("table", quoted(table)),
        ("query", format!("\n{}\n", without_comments(&check.query))),
    ];
    let places: Vec<_> = places.iter().map(|(place, value)| (*place, value.as_str())).collect();
    without_comments(&file.with(&places))
}

fn without_comments(sql: &str) -> String {
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_the_checks_give() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sanity_report_active_v1.sql");
        let contract = Contract::load().expect("sql/contract.yml is right");
        let environment = contract.environment("month").expect("is there");
        let statement = sanity_statement(&contract, environment).expect("can be made");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &statement).expect("can be written");
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(there == statement, "{path} is not what the checks give; UPDATE_DOCS=1 writes it again");
    }
}
