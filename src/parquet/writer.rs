//! The writer of datasets: fixed row groups and files, checked sort order, and encodings from the contract.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::Context;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use hashing_writer::HashingWriter;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::order::Order;
use super::schema::file_schema;
use super::{ParquetEncodings, arrow_schema, column_descriptions};
use crate::contract::{Column, ColumnType, Table};
use crate::lake::{Counted, DataFile, Dataset, InputIdentity, Producer, Run, StagedDataset};

/// Rows per call of the Parquet writer. The writer cuts pages at its calls, so a fixed number keeps the bytes equal.
pub(super) const BATCH_ROWS: usize = 8192;

/// Row groups per file. A full-size month then has files of 30 to 200 MB (84 for tracks), which Trino splits by row
/// group. The writer keeps the metadata of every page in memory until the file ends.
const GROUPS_PER_PART: usize = 16;

/// Bytes of a page before compression. Each column of each table has a compressor whose memory grows with its pages:
/// the default of 1 MiB takes 40 MiB more memory and no less time.
const PAGE_BYTES: usize = 128 << 10;

/// False-positive probability of every bloom filter.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

type PartWriter = ArrowWriter<HashingWriter<BufWriter<File>>>;

/// Writes the rows of a table into a staged dataset, as one or more Parquet files.
///
/// The bytes depend only on the rows and their order: rows are collected to [`BATCH_ROWS`] regardless of the batches in
/// which they arrive, and row groups and files end after fixed numbers of rows. Files declare that they are sorted by
/// the first key column while the rows are; if a row breaks the order, a new file without that declaration begins.
pub struct DatasetWriter {
    staged: StagedDataset,
    table: Table,
    encodings: ParquetEncodings,
    order: Order,
    schema: SchemaRef,
    gathered: BatchCoalescer,
    part: Option<PartWriter>,
    part_rows: usize,
    files: Vec<DataFile>,
}

impl DatasetWriter {
    /// Returns a writer of the table's rows into `staged`.
    ///
    /// # Errors
    /// Returns no error at present: each file is created with its first rows.
    pub fn new(table: &Table, staged: StagedDataset) -> anyhow::Result<Self> {
        Ok(DatasetWriter {
            order: Order::of(table),
            gathered: BatchCoalescer::new(arrow_schema(table), BATCH_ROWS),
            schema: file_schema(table),
            table: table.clone(),
            encodings: ParquetEncodings::default(),
            staged,
            part: None,
            part_rows: 0,
            files: Vec::new(),
        })
    }

    /// Returns the writer with other encodings than the default.
    pub fn with_encodings(self, encodings: ParquetEncodings) -> Self {
        DatasetWriter { encodings, ..self }
    }

    /// Appends rows.
    ///
    /// # Errors
    /// Returns an error if the batch has another schema or a file cannot be written.
    pub fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        self.gathered.push_batch(batch)?;
        while let Some(batch) = self.gathered.next_completed_batch() {
            self.write(&batch)?;
        }
        Ok(())
    }

    /// Writes the remaining rows and the last footer. Returns the arguments of [`crate::lake::WritableRun::commit`].
    ///
    /// # Errors
    /// Returns an error if a file cannot be written or flushed.
    pub fn finish(
        mut self,
        run: &Run,
        producer: &Producer,
        inputs: &[InputIdentity],
        counted: &Counted,
    ) -> anyhow::Result<(StagedDataset, Dataset)> {
        self.gathered.finish_buffered_batch()?;
        while let Some(batch) = self.gathered.next_completed_batch() {
            self.write(&batch)?;
        }
        if self.part.is_none() && self.files.is_empty() {
            // A table without rows has one file without rows, in which readers find its columns.
            self.part = Some(self.open_part()?);
        }
        self.close_part()?;
        let dataset = Dataset {
            format: Dataset::FORMAT,
            table: self.table.folder(),
            run_id: run.id().clone(),
            rows: self.files.iter().map(|file| file.rows).sum(),
            files: self.files,
            columns: column_descriptions(&self.table),
            inputs: inputs.to_vec(),
            producer: producer.clone(),
            counted: counted.clone(),
            shared: BTreeMap::new(),
        };
        Ok((self.staged, dataset))
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        if self.order.is_broken_by(batch) {
            self.close_part()?;
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.open_part()?,
        };
        part.write(batch).with_context(|| self.cannot_write())?;
        self.part = Some(part);
        self.part_rows += batch.num_rows();
        if self.part_rows >= self.table.row_group_rows * GROUPS_PER_PART {
            self.close_part()?;
        }
        Ok(())
    }

    fn open_part(&self) -> anyhow::Result<PartWriter> {
        let file = File::create_new(self.staged.part_path(self.files.len())).with_context(|| self.cannot_write())?;
        let sink = HashingWriter::new(BufWriter::with_capacity(1 << 20, file));
        // No Arrow schema in the footer: the file then has one schema, Parquet's own.
        let properties = properties(&self.table, self.encodings)?.set_sorting_columns(self.order.declared()).build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        ArrowWriter::try_new_with_options(sink, self.schema.clone(), options).with_context(|| self.cannot_write())
    }

    fn close_part(&mut self) -> anyhow::Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let (mut file, bytes, sha256) = part.into_inner().with_context(|| self.cannot_write())?.finish();
        file.flush().with_context(|| self.cannot_write())?;
        // fsync through the handle that wrote: the kernel reports a disk error to it, but not necessarily to a later
        // handle.
        file.get_ref().sync_all().with_context(|| {
            format!("cannot flush {} to the disk", self.staged.part_path(self.files.len()).display())
        })?;
        self.files.push(DataFile {
            name: self.staged.part_name(self.files.len()),
            rows: self.part_rows as u64,
            bytes,
            sha256,
        });
        self.part_rows = 0;
        Ok(())
    }

    fn cannot_write(&self) -> String {
        format!("cannot write {}", self.staged.part_path(self.files.len()).display())
    }
}

/// Returns the writer's settings, from the measurements in `docs/performance.md`: V1 pages, which DuckDB reads twice as
/// fast as V2; delta-packed integers and lengths of texts; dictionaries only for columns whose values repeat.
///
/// # Errors
/// Returns an error if the Parquet crate refuses the compression level.
pub(super) fn properties(table: &Table, encodings: ParquetEncodings) -> anyhow::Result<WriterPropertiesBuilder> {
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_max_row_group_row_count(Some(table.row_group_rows));
    for column in &table.columns {
        let path = ColumnPath::from(column.name.as_str());
        if !has_statistics(table, column) {
            properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        }
        let dictionary = match (column.data_type, encodings) {
            (ColumnType::Varchar, _) => column.dictionary,
            // Positions repeat. Delta packing is smaller than a dictionary, but not every reader supports it.
            (ColumnType::Integer, ParquetEncodings::Compatible) => true,
            _ => false,
        };
        properties = properties.set_column_dictionary_enabled(path.clone(), dictionary);
        let encoding = match (column.data_type, encodings) {
            (ColumnType::Boolean | ColumnType::Timestamp, _) => None,
            (_, ParquetEncodings::Compatible) => Some(Encoding::PLAIN),
            (ColumnType::Bigint | ColumnType::Integer, ParquetEncodings::Compact) => {
                Some(Encoding::DELTA_BINARY_PACKED)
            }
            (ColumnType::Varchar, ParquetEncodings::Compact) => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
        };
        if let Some(encoding) = encoding {
            properties = properties.set_column_encoding(path.clone(), encoding);
        }
        if column.bloom_filter {
            properties = properties
                .set_column_bloom_filter_fpp(path.clone(), BLOOM_FALSE_POSITIVES)
                .set_column_bloom_filter_ndv(path, table.row_group_rows as u64);
        }
    }
    Ok(properties)
}

/// Returns whether a column has minimum and maximum per page. For unsorted texts they exclude nothing, and they cost
/// two comparisons per text. A column with a bloom filter has them, because DuckDB uses the filter only of such
/// columns.
fn has_statistics(table: &Table, column: &Column) -> bool {
    column.data_type != ColumnType::Varchar || column.bloom_filter || table.key.first() == Some(&column.name)
}
