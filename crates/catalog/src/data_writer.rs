//! Writes rows as Parquet data files of a table: with field ids, one partition a file, and Bloom filters of the keys.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef as ArrowSchemaRef};
use arrow::record_batch::RecordBatch;
use iceberg::arrow::{RecordBatchPartitionSplitter, schema_to_arrow_schema};
use iceberg::spec::{PartitionSpecRef, SchemaRef, Struct};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::files::{failed, sync_folder};
use crate::{Error, Result, TableChange, TableName};

/// Bytes at which a file is full, unless the table's `write.target-file-size-bytes` says otherwise. An upsert rewrites whole
/// files, so files are smaller than those that are only read.
pub const FILE_BYTES: usize = 64 << 20;

/// Rows of a row group, and the number of keys that its Bloom filter is made for.
const GROUP_ROWS: usize = 1 << 18;

/// Memory of the rows that are not written yet, over all open files.
const MAX_MEMORY: usize = 128 << 20;

/// The properties of a table that every writer follows; they are Iceberg's own.
const CODEC: &str = "write.parquet.compression-codec";
const LEVEL: &str = "write.parquet.compression-level";
const FILE_SIZE: &str = "write.target-file-size-bytes";
const GROUP_SIZE: &str = "write.parquet.row-group-size-bytes";

const DEFAULT_LEVEL: i32 = 3;

const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// A file that [`DataWriter`] wrote, flushed to the disk.
#[derive(Clone, Debug)]
pub struct WrittenFile {
    /// The file, in the writer's folder.
    pub path: PathBuf,
    pub(crate) partition: Struct,
    pub(crate) spec_id: i32,
}

/// Writes rows as data files of a table.
pub struct DataWriter {
    folder: PathBuf,
    schema: ArrowSchemaRef,
    properties: WriterProperties,
    file_bytes: usize,
    /// Bytes at which a row group is full, if the table says so.
    group_bytes: Option<usize>,
    spec: PartitionSpecRef,
    splitter: Option<RecordBatchPartitionSplitter>,
    open: HashMap<Struct, Open>,
    written: Vec<WrittenFile>,
    begun: usize,
}

struct Open {
    path: PathBuf,
    writer: ArrowWriter<File>,
}

impl DataWriter {
    /// Returns a writer into a folder, of files for the table as `change` leaves it. Columns in `keys` get Bloom filters.
    ///
    /// # Errors
    /// Fails if a column has a type that Arrow lacks.
    pub fn new(change: &TableChange, folder: &Path, keys: &[String]) -> Result<Self> {
        let iceberg = |error| change.iceberg(error);
        let metadata = change.builder.clone().build().map_err(iceberg)?.metadata;
        let (schema, spec): (SchemaRef, _) =
            (metadata.current_schema().clone(), metadata.default_partition_spec().clone());
        let splitter = match spec.is_unpartitioned() {
            true => None,
            false => Some(
                RecordBatchPartitionSplitter::try_new_with_computed_values(schema.clone(), spec.clone())
                    .map_err(iceberg)?,
            ),
        };
        let schema = Arc::new(schema_to_arrow_schema(&schema).map_err(iceberg)?);
        Ok(DataWriter {
            folder: folder.to_owned(),
            properties: properties(&schema, keys, compression(change.name(), metadata.properties())?),
            schema,
            group_bytes: number(change.name(), metadata.properties(), GROUP_SIZE)?,
            file_bytes: number(change.name(), metadata.properties(), FILE_SIZE)?.unwrap_or(FILE_BYTES),
            spec,
            splitter,
            open: HashMap::new(),
            written: Vec::new(),
            begun: 0,
        })
    }

    /// Writes rows. The columns are those of the table, in its order; types are cast.
    ///
    /// # Errors
    /// Fails if a value cannot be cast or a file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns =
            columns.map(|(column, field)| cast(column, field.data_type())).collect::<std::result::Result<_, _>>();
        let batch = columns.and_then(|columns| RecordBatch::try_new(self.schema.clone(), columns));
        let batch = batch.map_err(|error| invalid(&self.folder, error))?;
        match &self.splitter {
            None => self.append(Struct::empty(), &batch),
            Some(splitter) => {
                let parts = splitter.split(&batch).map_err(|error| invalid(&self.folder, error))?;
                parts.into_iter().try_for_each(|(key, batch)| self.append(key.data().clone(), &batch))
            }
        }
    }

    fn append(&mut self, partition: Struct, batch: &RecordBatch) -> Result<()> {
        if !self.open.contains_key(&partition) {
            let opened = self.begin()?;
            self.open.insert(partition.clone(), opened);
        }
        let Some(open) = self.open.get_mut(&partition) else { return Ok(()) };
        open.writer.write(batch).map_err(|error| invalid(&open.path, error))?;
        let in_group = open.writer.in_progress_size();
        if self.group_bytes.is_some_and(|full| in_group >= full) {
            open.writer.flush().map_err(|error| invalid(&open.path, error))?;
        }
        if open.writer.bytes_written() + open.writer.in_progress_size() >= self.file_bytes
            && let Some(open) = self.open.remove(&partition)
        {
            self.close(partition, open)?;
        }
        if self.open.values().map(|open| open.writer.memory_size()).sum::<usize>() > MAX_MEMORY
            && let Some(largest) = self.open.values_mut().max_by_key(|open| open.writer.memory_size())
        {
            largest.writer.flush().map_err(|error| invalid(&largest.path, error))?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<Open> {
        let path = self.folder.join(format!("{:05}.parquet", self.begun));
        self.begun += 1;
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed("create", &path))?;
        let writer = ArrowWriter::try_new(file, self.schema.clone(), Some(self.properties.clone()));
        Ok(Open { writer: writer.map_err(|error| invalid(&path, error))?, path })
    }

    fn close(&mut self, partition: Struct, open: Open) -> Result<()> {
        let file = open.writer.into_inner().map_err(|error| invalid(&open.path, error))?;
        file.sync_all().map_err(failed("flush", &open.path))?;
        self.written.push(WrittenFile { path: open.path, partition, spec_id: self.spec.spec_id() });
        Ok(())
    }

    /// Closes all files and returns them.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub fn finish(mut self) -> Result<Vec<WrittenFile>> {
        for (partition, open) in std::mem::take(&mut self.open) {
            self.close(partition, open)?;
        }
        sync_folder(&self.folder)?;
        self.written.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(self.written)
    }
}

/// Returns the compression that the properties of a table name. Zstandard's level 3 is used if they name none, or one that
/// this writer lacks: every file says its own compression, so readers do not need the property.
fn compression(table: &TableName, properties: &HashMap<String, String>) -> Result<Compression> {
    match properties.get(CODEC).map(|codec| codec.to_ascii_lowercase()).as_deref() {
        Some("uncompressed" | "none") => Ok(Compression::UNCOMPRESSED),
        Some("snappy") => Ok(Compression::SNAPPY),
        Some("zstd") => {
            let level = number(table, properties, LEVEL)?.unwrap_or(DEFAULT_LEVEL);
            let level = ZstdLevel::try_new(level).map_err(|_| invalid_property(table, LEVEL, &level.to_string()))?;
            Ok(Compression::ZSTD(level))
        }
        _ => Ok(Compression::ZSTD(ZstdLevel::try_new(DEFAULT_LEVEL).unwrap_or_default())),
    }
}

/// Returns a property that is a number.
fn number<N: std::str::FromStr>(
    table: &TableName,
    properties: &HashMap<String, String>,
    key: &str,
) -> Result<Option<N>> {
    let Some(value) = properties.get(key) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| invalid_property(table, key, value))
}

fn invalid_property(table: &TableName, key: &str, value: &str) -> Error {
    let message = format!("the property {key} is {value}, which this writer does not know");
    Error::Iceberg(table.to_string(), Box::new(iceberg::Error::new(iceberg::ErrorKind::DataInvalid, message)))
}

fn properties(schema: &ArrowSchemaRef, keys: &[String], compression: Compression) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    // Bytes such as documents hardly repeat, and a dictionary of them would be filled and given up in every row group.
    for field in schema.fields().iter().filter(|field| *field.data_type() == DataType::LargeBinary) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(vec![field.name().clone()]), false);
    }
    for key in keys.iter().collect::<HashSet<_>>() {
        let column = ColumnPath::from(vec![key.clone()]);
        properties = properties
            .set_column_bloom_filter_fpp(column.clone(), BLOOM_FALSE_POSITIVES)
            .set_column_bloom_filter_ndv(column, GROUP_ROWS as u64);
    }
    properties.build()
}

fn invalid(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Parquet(path.to_owned(), error.to_string())
}
