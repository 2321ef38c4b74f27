//! Checks of the Parquet files themselves: readable, columns, numbers of rows.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use parquet::arrow::{PARQUET_FIELD_ID_META_KEY, parquet_to_arrow_schema};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Finding, Kind};
use crate::contract::{Severity, Table};
use crate::lake::{Dataset, Run};
use crate::parquet::arrow_schema;

/// Compares the files of a dataset with the contract and with its description: columns, types, numbers of rows.
///
/// # Errors
/// Fails if the operating system cannot open or read a file.
pub fn check_files(run: &Run, table: &Table, dataset: &Dataset) -> anyhow::Result<Vec<Finding>> {
    let declared = arrow_schema(table);
    let declared_ids: Vec<_> = table.columns.iter().map(|column| column.id).collect();
    let mut wrong_columns = Vec::new();
    let mut wrong_rows = Vec::new();
    let mut unreadable = Vec::new();
    for (file, path) in dataset.files.iter().zip(run.dataset_files(dataset)) {
        let (fields, ids, rows) = match read_footer(&path) {
            Ok(footer) => footer,
            // A lack of memory or descriptors is not an error of the file.
            Err(error) if is_of_the_system(&error) => return Err(error),
            Err(error) => {
                unreadable.push(format!("{}: {error:#}", file.name));
                continue;
            }
        };
        let expected: Vec<_> =
            declared.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
        // What Trino wrote and what an older version wrote has no ids: Iceberg finds its columns by their names.
        let without_ids = ids.iter().all(Option::is_none);
        if fields != expected || !without_ids && ids != declared_ids {
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
            "files whose columns, types, order or field ids are not those of the contract",
        ),
        finding(format!("{name}.readable"), unreadable, "files that cannot be read as Parquet"),
        finding(format!("{name}.rows_written"), wrong_rows, "files with another number of rows than was written"),
    ])
}

type Fields = Vec<(String, arrow::datatypes::DataType)>;
type FieldIds = Vec<Option<i32>>;

fn read_footer(path: &Path) -> anyhow::Result<(Fields, FieldIds, u64)> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader = SerializedFileReader::new(file).with_context(|| format!("{} is not Parquet", path.display()))?;
    let metadata = reader.metadata().file_metadata();
    let schema = parquet_to_arrow_schema(metadata.schema_descr(), None)
        .with_context(|| format!("{} has columns of unknown types", path.display()))?;
    let fields = schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    let id = |column: &arrow::datatypes::FieldRef| column.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok();
    let ids = schema.fields().iter().map(id).collect();
    Ok((fields, ids, u64::try_from(metadata.num_rows())?))
}

/// Whether reading failed for a reason other than the content of the file or its absence.
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
