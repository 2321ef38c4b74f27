//! Batches of rows out of the Parquet files of a table.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use digdag_task::Failure;

/// Rows of a batch: the texts of as many rows of the widest table stay in the processor's cache.
const BATCH_ROWS: usize = 4096;

/// Returns the batches of all files, one file after the other, with some of the columns or with all.
pub fn batches<'f>(
    files: &'f [PathBuf],
    columns: Option<&'f [&'f str]>,
) -> impl Iterator<Item = anyhow::Result<RecordBatch>> + use<'f> {
    files.iter().flat_map(move |path| -> Box<dyn Iterator<Item = anyhow::Result<RecordBatch>>> {
        match open(path, columns) {
            Ok(reader) => Box::new(reader.map(move |batch| batch.map_err(|error| unreadable(path, &error)))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    })
}

fn open(path: &Path, columns: Option<&[&str]>) -> anyhow::Result<ParquetRecordBatchReader> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    // The types of the file, not those that a writer noted beside them.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| unreadable(path, &error))?;
    let mask = match columns {
        Some(columns) => ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied()),
        None => ProjectionMask::all(),
    };
    let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    builder.build().map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> anyhow::Error {
    // The Parquet reader hands errors of the system on as text. They say nothing about the file.
    if error.to_string().contains("(os error ") {
        return anyhow::anyhow!("cannot read {}: {error}", path.display());
    }
    Failure::input(format!("{} cannot be read as Parquet: {error}", path.display()))
        .hint("the file is damaged: verify-run names every file that changed; build the table again in a new run")
        .into()
}
