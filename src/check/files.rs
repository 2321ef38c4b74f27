use std::fs::File;
use std::path::Path;

use anyhow::Context;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Finding, Kind};
use crate::lake::{Dataset, Run};
use crate::table::{Severity, Table, arrow_schema};

/// Holds the files of a dataset to the contract and to what was written: columns, types, number of rows.
pub fn check_files(run: &Run, table: &Table, dataset: &Dataset) -> anyhow::Result<Vec<Finding>> {
    let declared = arrow_schema(table);
    let mut wrong_columns = Vec::new();
    let mut wrong_rows = Vec::new();
    for (file, path) in dataset.files.iter().zip(run.dataset_files(dataset)) {
        let (fields, rows) = read_footer(&path)?;
        let expected: Vec<_> =
            declared.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
        if fields != expected {
            wrong_columns.push(file.name.clone());
        }
        if rows != file.rows {
            wrong_rows.push(file.name.clone());
        }
    }
    let name = table.report_name();
    Ok(vec![
        finding(
            format!("{name}.columns"),
            wrong_columns,
            "files whose columns, types or order are not those of the contract",
        ),
        finding(format!("{name}.rows_written"), wrong_rows, "files with another number of rows than was written"),
    ])
}

type Fields = Vec<(String, arrow::datatypes::DataType)>;

fn read_footer(path: &Path) -> anyhow::Result<(Fields, u64)> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader = SerializedFileReader::new(file).with_context(|| format!("{} is not Parquet", path.display()))?;
    let metadata = reader.metadata().file_metadata();
    let schema = parquet_to_arrow_schema(metadata.schema_descr(), None)
        .with_context(|| format!("{} has columns of unknown types", path.display()))?;
    let fields = schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    Ok((fields, u64::try_from(metadata.num_rows())?))
}

fn finding(check_name: String, wrong: Vec<String>, means: &str) -> Finding {
    Finding {
        check_name,
        kind: Kind::Regression,
        severity: Severity::Critical,
        value: wrong.len() as u64,
        ok: wrong.is_empty(),
        details: format!("{} {means}", wrong.len()),
        sample: wrong,
    }
}
