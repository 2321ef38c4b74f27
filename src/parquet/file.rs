use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use super::writer::{BATCH_ROWS, properties};
use super::{ParquetEncodings, arrow_schema};
use crate::contract::Table;
use crate::lake::{DataFile, HashingWriter, sync_file};

/// Writes rows of a table into one Parquet file that belongs to no dataset: events of the history, a change feed.
///
/// The bytes depend on the rows and their order alone, as those of [`super::DatasetWriter`] do.
pub struct TableFile {
    path: PathBuf,
    schema: SchemaRef,
    gathered: BatchCoalescer,
    writer: ArrowWriter<HashingWriter<BufWriter<File>>>,
    rows: u64,
}

impl TableFile {
    /// A file that is not there yet.
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

    /// What batches have to look like.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        self.rows += batch.num_rows() as u64;
        self.gathered.push_batch(batch)?;
        self.write_gathered()
    }

    /// Writes the footer and flushes the file to the disk.
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
