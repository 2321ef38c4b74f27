use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A table in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

pub type Row = Vec<Value>;

/// A cell. Integers of both widths are one kind, because the contract declares the width.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bool(bool),
}

impl Table {
    /// The Parquet files of a folder, in the order of their names, as one table.
    pub fn read(folder: &Path) -> Table {
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "parquet"));
        files.sort();
        assert!(!files.is_empty(), "{} holds no Parquet", folder.display());

        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let mut table = Table { name, columns: Vec::new(), rows: Vec::new() };
        for file in files {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
            table.columns = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
            for batch in reader.build().unwrap() {
                let batch = batch.unwrap();
                let columns: Vec<_> = batch.columns().iter().map(cells).collect();
                table.rows.extend(
                    (0..batch.num_rows()).map(|row| columns.iter().map(|cells| cells[row].clone()).collect::<Row>()),
                );
            }
        }
        table
    }

    /// The cells of a column.
    pub fn column<'t>(&'t self, name: &str) -> impl Iterator<Item = &'t Value> {
        let index = self.columns.iter().position(|column| column == name);
        let index = index.unwrap_or_else(|| panic!("{} has no column {name}", self.name));
        self.rows.iter().map(move |row| &row[index])
    }
}

fn cells(array: &arrow::array::ArrayRef) -> Vec<Value> {
    let cell = |index: usize| {
        if array.is_null(index) {
            return Value::Null;
        }
        match array.data_type() {
            DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(index)),
            DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(index).into()),
            DataType::Utf8 => Value::Text(array.as_string::<i32>().value(index).to_owned()),
            // As pandas writes it.
            DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(index).to_owned()),
            DataType::Null => Value::Null,
            DataType::Boolean => Value::Bool(array.as_boolean().value(index)),
            other => panic!("the contract has no {other}"),
        }
    };
    (0..array.len()).map(cell).collect()
}

impl Value {
    pub fn text(text: Option<impl Into<String>>) -> Value {
        text.map_or(Value::Null, |text| Value::Text(text.into()))
    }
}

/// As one writes it in a record; `debug_list` of these is a row that fits on a line.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Bool(flag) => write!(f, "{flag}"),
        }
    }
}
