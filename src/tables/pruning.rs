//! Files that a statement does not read, because the bounds of their columns rule its conditions out.

use lake_catalog::{DataFile, Datum, PrimitiveLiteral, PrimitiveType, Schema};
use serde::Serialize;

use crate::sql::{Constant, Filter};

/// A table that a statement reads, with its data files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReadTable {
    /// The table.
    pub table: String,
    /// All files of the table in the state that is read.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The files that DuckDB is given; no row of the others meets the statement's conditions.
    pub files_read: usize,
    /// Their bytes.
    pub bytes_read: u64,
}

impl ReadTable {
    /// Counts the files of a table, of which `read` are given to DuckDB.
    pub fn of<'f>(
        table: impl ToString,
        all: impl IntoIterator<Item = &'f DataFile>,
        read: impl IntoIterator<Item = &'f DataFile>,
    ) -> Self {
        let count = |(files, bytes), file: &DataFile| (files + 1, bytes + file.file_size_in_bytes());
        let (files, bytes) = all.into_iter().fold((0, 0), count);
        let (files_read, bytes_read) = read.into_iter().fold((0, 0), count);
        ReadTable { table: table.to_string(), files, bytes, files_read, bytes_read }
    }
}

/// Returns whether rows of a file may meet a condition.
pub fn may_match(file: &DataFile, schema: &Schema, filter: &Filter) -> bool {
    filter.is_possible(&|column| {
        let field = schema.as_struct().fields().iter().find(|field| field.name.eq_ignore_ascii_case(column))?;
        Some((constant(file.lower_bounds().get(&field.id)?)?, constant(file.upper_bounds().get(&field.id)?)?))
    })
}

/// Returns the files whose rows may meet a condition; all of them without one.
pub fn files_to_read<'f>(files: &'f [DataFile], schema: &Schema, filter: Option<&Filter>) -> Vec<&'f DataFile> {
    files.iter().filter(|file| filter.is_none_or(|filter| may_match(file, schema, filter))).collect()
}

/// Returns a bound as a constant of SQL, if it is of a type whose conditions are understood.
fn constant(bound: &Datum) -> Option<Constant> {
    Some(match (bound.data_type(), bound.literal()) {
        (PrimitiveType::Date, PrimitiveLiteral::Int(days)) => Constant::Date(*days),
        (PrimitiveType::Int, PrimitiveLiteral::Int(number)) => Constant::Integer((*number).into()),
        (PrimitiveType::Long, PrimitiveLiteral::Long(number)) => Constant::Integer((*number).into()),
        (PrimitiveType::String, PrimitiveLiteral::String(text)) => Constant::Text(text.clone()),
        _ => return None,
    })
}
