//! A Parquet file of a table, outside of any dataset.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use hashing_writer::HashingWriter;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use super::writer::{BATCH_ROWS, properties};
use super::{ParquetEncodings, arrow_schema};
use crate::contract::Table;
use crate::lake::{DataFile, sync_file};

/// Writes rows of a table into one Parquet file that belongs to no dataset, such as history events or a change feed.
///
/// Like those of [`super::DatasetWriter`], the bytes depend only on the rows and their order.
pub struct TableFile {
    path: PathBuf,
    schema: SchemaRef,
    gathered: BatchCoalescer,
    writer: ArrowWriter<HashingWriter<BufWriter<File>>>,
    rows: u64,
}

impl TableFile {
    /// Creates the file.
    ///
    /// # Errors
    /// Returns an error if the file exists or cannot be created.
    pub fn create(path: &Path, table: &Table) -> anyhow::Result<Self> {
        let cannot = || cannot_write(path);
        let schema = arrow_schema(table);
        let sink = HashingWriter::new(BufWriter::new(File::create_new(path).with_context(cannot)?));
        let options = ArrowWriterOptions::new()
            .with_properties(properties(table, ParquetEncodings::Compact)?.build())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(sink, schema.clone(), options).with_context(cannot)?;
        let gathered = BatchCoalescer::new(schema.clone(), BATCH_ROWS);
        Ok(TableFile { path: path.to_owned(), schema, gathered, writer, rows: 0 })
    }

    /// Returns the schema that batches must have.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Appends rows.
    ///
    /// # Errors
    /// Returns an error if the batch has another schema or the file cannot be written.
    pub fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        self.rows += batch.num_rows() as u64;
        self.gathered.push_batch(batch)?;
        self.write_gathered()
    }

    /// Writes the footer, flushes the file to the disk, and returns its name, size and hash.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written or flushed.
    pub fn finish(mut self) -> anyhow::Result<DataFile> {
        self.gathered.finish_buffered_batch()?;
        self.write_gathered()?;
        let cannot = || cannot_write(&self.path);
        let (mut file, bytes, sha256) = self.writer.into_inner().with_context(cannot)?.finish();
        file.flush().with_context(cannot)?;
        drop(file);
        sync_file(&self.path)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(DataFile { name, rows: self.rows, bytes, sha256 })
    }

    /// Writes the completed batches.
    fn write_gathered(&mut self) -> anyhow::Result<()> {
        while let Some(batch) = self.gathered.next_completed_batch() {
            self.writer.write(&batch).with_context(|| cannot_write(&self.path))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
