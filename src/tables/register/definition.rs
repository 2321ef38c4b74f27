use sha2::{Digest, Sha256};

use crate::contract::Table;
use crate::sql::{SqlFile, quoted, text_literal};

/// Stands in the comment of everything that register-tables made, before a digest of how it was made.
const MARK: &str = "discogs-lakehouse ";

/// A table or view as it should be registered.
#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    pub kind: Kind,
    /// What it is, with our mark.
    pub comment: String,
    /// The SQL file that is to blame for an error, and what for.
    pub origin: String,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Table { location: String, columns: Vec<ColumnDefinition> },
    View { query: String },
}

#[derive(Clone, Debug)]
pub struct ColumnDefinition {
    pub name: String,
    /// As Trino names it, in lower case.
    pub data_type: String,
    pub comment: String,
}

impl ColumnDefinition {
    pub fn sql(&self) -> String {
        format!("{} {} COMMENT {}", quoted(&self.name), self.data_type, text_literal(&self.comment))
    }
}

impl Definition {
    /// The contract's table over a location, under a name.
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

    /// The same, its timestamps as finely as the catalog reads them: Trino takes no other declaration.
    pub fn with_timestamps(mut self, digits: u8) -> Self {
        if let Kind::Table { columns, .. } = &mut self.kind {
            for column in columns.iter_mut().filter(|column| column.data_type == "timestamp") {
                column.data_type = format!("timestamp({digits})");
            }
        }
        self
    }

    /// The view in a file.
    pub fn of_view(file: &SqlFile) -> Self {
        let query = statement(&file.text);
        let about = file.header(&file.name).unwrap_or_default();
        let comment = marked(about, &[&query]);
        Definition { name: file.name.clone(), kind: Kind::View { query }, comment, origin: file.path.clone() }
    }

    /// The statement that makes it, with the whole name of it.
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

    /// The columns of a table; a view has its query's.
    pub fn columns(&self) -> &[ColumnDefinition] {
        match &self.kind {
            Kind::Table { columns, .. } => columns,
            Kind::View { .. } => &[],
        }
    }

    /// Whether a comment says that register-tables made what carries it.
    pub fn is_ours(comment: Option<&str>) -> bool {
        comment.is_some_and(|comment| comment.contains(&format!("[{MARK}")))
    }
}

/// A comment with our mark, and a digest of what it is made of.
pub fn marked(about: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    format!("{about} [{MARK}{}]", hex::encode(&digest[..6]))
}

/// The statement without the comments before it.
pub fn statement(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}
