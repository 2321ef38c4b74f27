use std::fs::File;
use std::path::Path;

use anyhow::Context;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Finding, Kind};
use crate::contract::{Severity, Table};
use crate::lake::{Dataset, Run};
use crate::parquet::arrow_schema;

/// Holds the files of a dataset to the contract and to what was written: columns, types, number of rows.
pub fn check_files(run: &Run, table: &Table, dataset: &Dataset) -> anyhow::Result<Vec<Finding>> {
    let declared = arrow_schema(table);
    let mut wrong_columns = Vec::new();
    let mut wrong_rows = Vec::new();
    let mut unreadable = Vec::new();
    for (file, path) in dataset.files.iter().zip(run.dataset_files(dataset)) {
        let (fields, rows) = match read_footer(&path) {
            Ok(footer) => footer,
            // What the machine lacks is no flaw of the file.
            Err(error) if is_of_the_system(&error) => return Err(error),
            Err(error) => {
                unreadable.push(format!("{}: {error:#}", file.name));
                continue;
            }
        };
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
        finding(format!("{name}.readable"), unreadable, "files that cannot be read as Parquet"),
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

/// Whether reading failed for another reason than what is in the file, or that there is none.
fn is_of_the_system(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.raw_os_error().is_some() && io.kind() != std::io::ErrorKind::NotFound)
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
