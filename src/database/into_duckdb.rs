//! Exports into a DuckDB file, which the embedded DuckDB writes itself.

use std::collections::BTreeMap;
use std::path::Path;

use lake_database::{Column, DataType, Error, Index, Table};

use super::failure::{failure, of_file};
use super::file::{Aside, has_content};
use super::loading::Progress;
use super::plan::{Plan, Planned};
use super::{Exported, ExportedTable, Request, done_before, keep_held};
use crate::sql::{DuckDb, Engine, SqlFile, quoted, text_literal};
use digdag_task::{Amount, Observer};

/// The rows of each table that an earlier call loaded.
type Loaded = BTreeMap<String, u64>;

/// Exports the plan into the file.
///
/// # Errors
/// Like [`super::export`].
pub fn export(
    path: &Path,
    mut plan: Plan,
    identity: &str,
    engine: &DuckDb,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> anyhow::Result<Exported> {
    let aside = Aside::lock(path, request.task)?;
    let statements = Statements { engine, file: &aside.unfinished };
    if has_content(&aside.target) {
        let found = statements.identity_of(&aside.target, "databases/duckdb/attach_read_only");
        let foreign = |_| failure(Error::Foreign(format!("file {}", aside.target.display())));
        if found.map_err(foreign)? == identity {
            aside.discard()?;
            return Ok(done_before());
        }
    }
    let not_held = keep_held(&mut plan, engine, observer)?;
    let loaded = statements.open(&aside, identity, request)?;
    let meter = observer.begin(Amount::steps(plan.tables.len()));
    let progress = Progress::new(&*meter, loaded.len());
    let mut tables = Vec::new();
    for planned in parents_first(&plan.tables) {
        let name = planned.table.name.clone();
        let rows = match loaded.get(&name) {
            Some(rows) => *rows,
            None => {
                let rows = planned.count(engine)?;
                statements.load(planned, rows)?;
                progress.table_done(&name);
                rows
            }
        };
        tables.push(ExportedTable { name, rows });
    }
    statements.run("databases/duckdb/checkpoint", &[])?;
    statements.run("databases/duckdb/detach", &[])?;
    aside.commit()?;
    Ok(Exported { tables, not_held, resumed: loaded.len(), was_there: false, by_changes: false })
}

/// DuckDB takes foreign keys only with the table, so a table comes after those that it refers to. References in a
/// circle end at the table that was begun first, whose foreign key is left out by [`table_lines`].
fn parents_first(tables: &[Planned]) -> Vec<&Planned> {
    fn visit<'t>(planned: &'t Planned, tables: &'t [Planned], begun: &mut Vec<&'t str>, order: &mut Vec<&'t Planned>) {
        if begun.contains(&planned.table.name.as_str()) {
            return;
        }
        begun.push(&planned.table.name);
        for key in &planned.table.foreign_keys {
            if let Some(parent) = tables.iter().find(|other| other.table.name == key.table) {
                visit(parent, tables, begun, order);
            }
        }
        order.push(planned);
    }
    let (mut begun, mut order) = (Vec::new(), Vec::new());
    for planned in tables {
        visit(planned, tables, &mut begun, &mut order);
    }
    order
}

/// The statements of an export on the attached file.
struct Statements<'s> {
    engine: &'s DuckDb,
    file: &'s Path,
}

impl Statements<'_> {
    fn run(&self, path: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
        let file = SqlFile::load(path)?;
        self.engine.execute(&file.with(places), &file.path).map_err(|error| of_file(error, self.file))
    }

    /// Opens the unfinished file of an earlier call, or a new one, and returns the tables in it.
    fn open(&self, aside: &Aside, identity: &str, request: &Request<'_>) -> anyhow::Result<Loaded> {
        let literal = text_literal(&aside.unfinished.to_string_lossy());
        if has_content(&aside.unfinished) {
            let found = self.identity_of(&aside.unfinished, "databases/duckdb/attach");
            if found.is_ok_and(|found| found == identity) {
                self.run("databases/duckdb/attach", &[("file", &literal)])?;
                let loaded = SqlFile::load("databases/duckdb/loaded_tables")?;
                let rows = self.engine.rows(&loaded.text, &loaded.path)?;
                let table = |row: Vec<Option<String>>| match row.as_slice() {
                    [Some(name), Some(rows)] => Ok((name.clone(), rows.parse()?)),
                    _ => anyhow::bail!("{}: a table without a name", loaded.path),
                };
                return rows.into_iter().map(table).collect();
            }
        }
        aside.discard()?;
        self.run("databases/duckdb/attach", &[("file", &literal)])?;
        self.run("databases/duckdb/create_record", &[])?;
        self.run("databases/duckdb/create_tables_record", &[])?;
        let places = [("run_id", text_literal(request.run_id)), ("identity", text_literal(identity))];
        let places = places.each_ref().map(|(place, value)| (*place, value.as_str()));
        self.run("databases/duckdb/insert_record", &places)?;
        Ok(Loaded::new())
    }

    fn identity_of(&self, path: &Path, attach: &str) -> anyhow::Result<String> {
        self.run(attach, &[("file", &text_literal(&path.to_string_lossy()))])?;
        let file = SqlFile::load("databases/duckdb/identity")?;
        let rows = self.engine.rows(&file.text, &file.path);
        self.run("databases/duckdb/detach", &[])?;
        Ok(rows?.into_iter().flatten().flatten().next().unwrap_or_default())
    }

    /// Creates and fills a table in one transaction.
    fn load(&self, planned: &Planned, rows: u64) -> anyhow::Result<()> {
        self.run("databases/duckdb/begin", &[])?;
        let result = self.load_within(planned, rows);
        match &result {
            Ok(()) => self.run("databases/duckdb/commit", &[])?,
            // The first error is the one to report.
            Err(_) => drop(self.run("databases/duckdb/rollback", &[])),
        }
        result
    }

    fn load_within(&self, planned: &Planned, rows: u64) -> anyhow::Result<()> {
        let table = &planned.table;
        let name = quoted(&table.name);
        let lines = table_lines(table).join(",\n    ");
        // DuckDB looks the table of a foreign key up in the current database.
        self.run("databases/duckdb/use_file", &[])?;
        self.run("databases/duckdb/create_table", &[("table", &name), ("columns", &lines)])?;
        self.run("databases/duckdb/use_memory", &[])?;
        let comment = text_literal(&table.comment);
        self.run("databases/duckdb/comment_table", &[("table", &name), ("comment", &comment)])?;
        for column in &table.columns {
            let (column, comment) = (quoted(&column.name), text_literal(&column.comment));
            let places = [("table", name.as_str()), ("column", &column), ("comment", &comment)];
            self.run("databases/duckdb/comment_column", &places)?;
        }
        let (query, _) = planned.select(true)?;
        self.run("databases/duckdb/insert", &[("table", &name), ("query", &query)])?;
        for Index { columns, .. } in &table.indexes {
            let index = quoted(&format!("{}_{}_idx", table.name, columns.join("_")));
            let places = [("name", index.as_str()), ("table", &name), ("columns", &list(columns))];
            self.run("databases/duckdb/create_index", &places)?;
        }
        let places = [("table", text_literal(&table.name)), ("rows", rows.to_string())];
        self.run("databases/duckdb/insert_table", &places.each_ref().map(|(place, value)| (*place, value.as_str())))
    }
}

fn table_lines(table: &Table) -> Vec<String> {
    let mut lines: Vec<String> = table.columns.iter().map(column_line).collect();
    if !table.primary_key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", list(&table.primary_key)));
    }
    lines.extend(table.unique.iter().map(|columns| format!("UNIQUE ({})", list(columns))));
    // A reference to the table itself is checked row by row, and the row may come before the one it refers to.
    for key in table.foreign_keys.iter().filter(|key| key.table != table.name) {
        lines.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            list(&key.columns),
            quoted(&key.table),
            list(&key.fields)
        ));
    }
    lines
}

fn column_line(column: &Column) -> String {
    let data_type = match column.data_type {
        DataType::Bigint => "BIGINT",
        DataType::Integer => "INTEGER",
        DataType::Text => "VARCHAR",
        DataType::Boolean => "BOOLEAN",
        DataType::Numeric => "DOUBLE",
    };
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!("{} {data_type}{not_null}", quoted(&column.name))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
