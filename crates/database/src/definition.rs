//! The definition of a table, and the parts of statements that consist of its names.

/// A table to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the database.
    pub name: String,
    /// The meaning of a row.
    pub comment: String,
    /// Its columns, in the order of the batches.
    pub columns: Vec<Column>,
    /// The columns of the primary key; empty if rows may repeat.
    pub primary_key: Vec<String>,
    /// References that hold for every row.
    pub foreign_keys: Vec<ForeignKey>,
    /// Further columns, or lists of columns, of which no two rows have the same values.
    pub unique: Vec<Vec<String>>,
    /// Further indexes.
    pub indexes: Vec<Index>,
    /// Columns of English text whose words are indexed. Only Postgres has such an index.
    pub text_indexes: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The meaning of its values.
    pub comment: String,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// 64 bits, signed.
    Bigint,
    /// 32 bits, signed.
    Integer,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number of any length. Batches hold its digits as text.
    Numeric,
}

/// A reference to a row of another table, by its primary key or other unique columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub table: String,
    /// Its columns.
    pub fields: Vec<String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether a value is too long for a B-tree of Postgres, so that only equality can be indexed there.
    pub long_values: bool,
}

/// The part of a table that an earlier call loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its rows.
    pub rows: u64,
    /// Whether it has its indexes.
    pub indexed: bool,
}

impl Table {
    /// Returns the name of an index or a constraint: the table, the columns and an ending.
    pub(crate) fn part_name(&self, columns: &[String], ending: &str) -> String {
        // Postgres cuts a name at 63 bytes, and two cut names could be one.
        let full = format!("{}_{}_{ending}", self.name, columns.join("_"));
        if full.len() <= 63 {
            return full;
        }
        let short: Vec<&str> = columns.iter().map(|column| column.get(..8).unwrap_or(column)).collect();
        format!("{}_{}_{ending}", self.name, short.join("_"))
    }
}

/// Returns a name as a quoted identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns names as a list of quoted identifiers.
pub(crate) fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// Returns a text as a literal. Postgres and SQLite agree on its form.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a statement with each `{place}` replaced by its value.
pub(crate) fn with(statement: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(statement.to_owned(), |text, (place, value)| text.replace(&format!("{{{place}}}"), value))
}
