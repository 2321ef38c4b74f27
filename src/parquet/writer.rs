use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::Context;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::order::Order;
use super::schema::file_schema;
use super::{ParquetEncodings, arrow_schema, column_descriptions};
use crate::contract::{Column, ColumnType, Table};
use crate::lake::{Counted, DataFile, Dataset, HashingWriter, InputIdentity, Producer, Run, StagedDataset};

/// Rows handed to the Parquet writer at once. It cuts pages at what it is handed, so the number is fixed.
pub(super) const BATCH_ROWS: usize = 8192;

/// Row groups of a file. A full-size month then has files of 30 to 200 MB (84 of tracks), which Trino splits by row group.
/// What the footer will say of each page is held until a file ends.
const GROUPS_PER_PART: usize = 16;

/// Bytes of a page before it is compressed. Each column of each table has a compressor, whose size follows that of its
/// pages: with the 1 MiB that is the default they take 40 MiB more, and no less time.
const PAGE_BYTES: usize = 128 << 10;

/// The same bound on false positives for every bloom filter.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

type PartWriter = ArrowWriter<HashingWriter<BufWriter<File>>>;

/// Writes the rows of a table into a staged dataset, as one or more Parquet files.
///
/// The bytes depend on the rows and their order alone: rows are gathered to [`BATCH_ROWS`] whatever batches they come
/// in, row groups and files end after fixed numbers of rows. Files declare that they are sorted by the first key column
/// while the rows are; where they turn out not to be, a new file begins that does not.
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

    /// Returns the writer with other encodings than the default ones.
    pub fn with_encodings(self, encodings: ParquetEncodings) -> Self {
        DatasetWriter { encodings, ..self }
    }

    pub fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        self.gathered.push_batch(batch)?;
        while let Some(batch) = self.gathered.next_completed_batch() {
            self.write(&batch)?;
        }
        Ok(())
    }

    /// Writes what is left and the last footer. Gives what [`crate::lake::WritableRun::commit`] wants.
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
            // A table without rows is a file without rows: readers find its columns.
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
        // Without the arrow schema in the footer there is one schema in the file: Parquet's own.
        let properties = properties(&self.table, self.encodings)?.set_sorting_columns(self.order.declared()).build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        ArrowWriter::try_new_with_options(sink, self.schema.clone(), options).with_context(|| self.cannot_write())
    }

    fn close_part(&mut self) -> anyhow::Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let (mut file, bytes, sha256) = part.into_inner().with_context(|| self.cannot_write())?.finish();
        file.flush().with_context(|| self.cannot_write())?;
        // Through the handle that wrote: an error of the disk is reported to it for certain, to a later one perhaps not.
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

/// The settings that paid (`docs/performance.md`): V1 pages, which DuckDB reads twice as fast as V2;
/// delta-packed integers, and lengths of texts apart from the texts; dictionaries only where values repeat.
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
            // Positions repeat; packed they are smaller still, but not every reader unpacks them.
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

/// The smallest and largest text of a page say nothing where texts come in any order, and finding them compares each
/// with two others. Where there is a bloom filter they are kept: DuckDB asks the filter only of columns that have them.
fn has_statistics(table: &Table, column: &Column) -> bool {
    column.data_type != ColumnType::Varchar || column.bloom_filter || table.key.first() == Some(&column.name)
}
