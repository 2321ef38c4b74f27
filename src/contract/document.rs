//! docs/tables.md, generated from the contract.

use std::fmt::Write;

use super::{Column, Contract, Severity, Table};

/// Returns the text of `docs/tables.md`, which a test compares with the file.
pub fn document(contract: &Contract) -> String {
    let mut text = String::from(
        "# The tables of a run\n\n\
         Made from `sql/contract.yml`; change that and run `UPDATE_DOCS=1 scripts/test documentation`.\n\n\
         Ids are BIGINT. Text is trimmed at both ends (Unicode white space and U+001C to U+001F), and empty text is NULL. \
         Lower case is Unicode's simple mapping of each character alone: `İ` is `i`, `Σ` is `σ` also at the end of a \
         word, `ẞ` is `ß`. `position` counts from 1 in the order of the dump. Tables marked *published* keep their names, columns and order; new columns only come behind.\n\n\
         | table | rows are |\n| --- | --- |\n",
    );
    for table in &contract.tables {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| [{0}](#{0}) | {1} |", table.name, table.row);
    }
    for table in &contract.tables {
        describe(table, &mut text);
    }
    text.push_str("\n## What is left out\n\n| path in the dump | why |\n| --- | --- |\n");
    for rule in &contract.ignored_paths {
        let _ = writeln!(text, "| `{}` | {} |", rule.path, rule.why);
    }
    text.push_str("\n## Known anomalies of the dumps\n\nCounted by name while a dump is read.\n\n| name | what it is |\n| --- | --- |\n");
    for anomaly in &contract.anomalies {
        let _ = writeln!(text, "| `{}` | {} |", anomaly.name, anomaly.description);
    }
    text
}

fn describe(table: &Table, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n\n{}", table.name, table.row);
    let mut facts = vec![format!("Written by `{}` to `{}/`", table.producer, table.folder())];
    if table.sql_name() != table.name {
        facts.push(format!("in SQL `{}`", table.sql_name()));
    }
    if table.published {
        facts.push("*published*".to_owned());
    }
    if table.optional {
        facts.push("may be missing".to_owned());
    }
    if !table.key.is_empty() {
        facts.push(format!("key `{}`", table.key.join(", ")));
    }
    for reference in &table.references {
        facts.push(format!("`{}` name a row of `{}`", reference.columns.join(", "), reference.to));
    }
    let _ = writeln!(text, "{}.\n\n| column | type | what it is |\n| --- | --- | --- |", facts.join("; "));
    for column in &table.columns {
        let _ = writeln!(text, "| `{}` | {} | {} |", column.name, column.data_type, what(column));
    }
    let _ = writeln!(text, "\n```sql\n{}\n```", table.example);
}

fn what(column: &Column) -> String {
    let mut text = column.description.clone();
    if column.not_null {
        text.push_str(" Never NULL.");
    }
    if let Some(relationship) = &column.relationships {
        let always = if relationship.expect.severity == Severity::Critical { "" } else { ", not always" };
        let _ = write!(text, " In `{}.{}`{always}.", relationship.to, relationship.field);
    }
    text
}
