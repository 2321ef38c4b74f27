//! docs/gold-tables.md, generated from the headers of `sql/gold`.

use std::fmt::Write;

use super::Definition;
use super::definition::Mode;

/// Returns the text of `docs/gold-tables.md`, which a test compares with the file.
///
/// # Errors
/// Fails if a header is invalid.
pub fn document() -> anyhow::Result<String> {
    let mut text = String::from(
        "# The gold tables\n\n\
         Made from the headers of `sql/gold`; change those and run `UPDATE_DOCS=1 scripts/test documentation`. \
         [layers.md](layers.md) shows how the tables are built and read.\n\n\
         | table | rows are |\n| --- | --- |\n",
    );
    let tables = Definition::all()?;
    for table in &tables {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| [{0}](#{0}) | {1} |", table.name.name, table.about);
    }
    for table in &tables {
        describe(table, &mut text);
    }
    Ok(text)
}

fn describe(table: &Definition, text: &mut String) {
    let kept = match table.mode {
        Mode::Replace => "a build replaces all rows",
        Mode::Month => "a build replaces the rows of its month and keeps the months before",
    };
    let _ = writeln!(
        text,
        "\n## {}\n\n{}\nKey `{}`; {kept}. Read from `{}`.\n\n{}\n\n| column | type | what it is |\n| --- | --- | --- |",
        table.name.name,
        table.about,
        table.key.join(", "),
        table.reads.join("`, `"),
        table.logic(),
    );
    for column in &table.columns {
        let _ = writeln!(text, "| `{}` | {} | {} |", column.name, column.sql_type, column.description);
    }
    let _ = writeln!(text, "\nChecked before every commit, beside the key:\n");
    for check in &table.checks {
        let about = check.text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim);
        let _ = writeln!(text, "- {}", about.collect::<Vec<_>>().join(" "));
    }
}
