//! The definition of a table or view in Trino.

use sha2::{Digest, Sha256};

use crate::contract::Table;
use crate::sql::{SqlFile, quoted, text_literal};

/// The mark in the comment of every table and view that register-tables creates; a digest of the definition follows it.
const MARK: &str = "discogs-lakehouse ";

/// A table or view to register.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name in the schema.
    pub name: String,
    /// The kind: a table or a view.
    pub kind: Kind,
    /// The comment, with the mark.
    pub comment: String,
    /// The SQL file and the table's name, for messages.
    pub origin: String,
}

/// The kind of a relation, with the parts that only this kind has.
#[derive(Clone, Debug)]
pub enum Kind {
    Table { location: String, columns: Vec<ColumnDefinition> },
    View { query: String },
}

/// A column of a table to register.
#[derive(Clone, Debug)]
pub struct ColumnDefinition {
    /// The name of the column.
    pub name: String,
    /// The type as Trino names it, in lower case.
    pub data_type: String,
    /// The comment of the column.
    pub comment: String,
}

impl ColumnDefinition {
    /// Returns the column as a clause of CREATE TABLE.
    pub fn sql(&self) -> String {
        format!("{} {} COMMENT {}", quoted(&self.name), self.data_type, text_literal(&self.comment))
    }
}

impl Definition {
    /// Returns the definition of a contract's table over a location, under a name.
    pub fn of_table(table: &Table, name: &str, location: String) -> Self {
        let column = |column: &crate::contract::Column| ColumnDefinition {
            name: column.name.clone(),
            data_type: column.data_type.to_string().to_lowercase(),
            comment: column.description.clone(),
        };
        let columns: Vec<_> = table.columns.iter().map(column).collect();
        let shape: Vec<_> = columns.iter().map(ColumnDefinition::sql).collect();
        let comment = marked(&table.row, &[&location, &shape.join(",")]);
        let origin = format!("sql/trino/create_table.sql for {name}");
        Definition { name: name.to_owned(), kind: Kind::Table { location, columns }, comment, origin }
    }

    /// Returns the definition with timestamps in the precision of the catalog, because Trino accepts no other.
    pub fn with_timestamps(mut self, digits: u8) -> Self {
        if let Kind::Table { columns, .. } = &mut self.kind {
            for column in columns.iter_mut().filter(|column| column.data_type == "timestamp") {
                column.data_type = format!("timestamp({digits})");
            }
        }
        self
    }

    /// Returns the definition of the view in a file.
    pub fn of_view(file: &SqlFile) -> Self {
        let query = statement(&file.text);
        let about = file.header(&file.name).unwrap_or_default();
        let comment = marked(about, &[&query]);
        Definition { name: file.name.clone(), kind: Kind::View { query }, comment, origin: file.path.clone() }
    }

    /// Returns the statement that creates the table or view under its qualified name.
    ///
    /// # Errors
    /// Fails if a file of `sql/trino` is missing.
    pub fn create(&self, schema: &str) -> anyhow::Result<String> {
        let name = format!("{schema}.{}", quoted(&self.name));
        let comment = text_literal(&self.comment);
        let text = match &self.kind {
            Kind::Table { location, columns } => {
                let file = SqlFile::load("trino/create_table")?;
                let columns: Vec<_> = columns.iter().map(ColumnDefinition::sql).collect();
                let places = [
                    ("table", name.as_str()),
                    ("columns", &columns.join(",\n    ")),
                    ("comment", &comment),
                    ("location", &text_literal(location)),
                ];
                file.with(&places)
            }
            Kind::View { query } => {
                let file = SqlFile::load("trino/create_view")?;
                file.with(&[("view", &name), ("comment", &comment), ("query", query)])
            }
        };
        Ok(statement(&text))
    }

    /// Returns the columns of a table; none for a view, which has those of its query.
    pub fn columns(&self) -> &[ColumnDefinition] {
        match &self.kind {
            Kind::Table { columns, .. } => columns,
            Kind::View { .. } => &[],
        }
    }

    /// Returns whether a comment carries the mark of register-tables.
    pub fn is_ours(comment: Option<&str>) -> bool {
        comment.is_some_and(|comment| comment.contains(&format!("[{MARK}")))
    }
}

/// Returns a comment with the mark and a digest of the definition.
pub fn marked(about: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    format!("{about} [{MARK}{}]", hex::encode(&digest[..6]))
}

/// Returns the statement without the comments in front of it.
pub fn statement(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}
