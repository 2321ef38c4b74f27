//! Describes a Parquet file for Iceberg, from the file's footer.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use bytes::Bytes;
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, NestedField, PrimitiveType, Schema, Struct, Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use crate::files::{failed, location_of, path_of};
use crate::{Error, Files, Result, WrittenFile};

/// Describes a Parquet file from its footer: rows, bytes, and for each column the compressed size, the number of values
/// and of NULLs, and the lower and upper bound, by which engines skip files. Columns are found by the field ids in the
/// file, or by name if it has none.
///
/// # Errors
/// Fails if the file cannot be read or is not Parquet.
pub fn data_file(path: &Path, schema: &Schema) -> Result<DataFile> {
    described(path, location_of(path)?, schema, Struct::empty(), 0)
}

/// Like [`data_file`], for a file whose bytes readers find at another location, such as that of an object.
///
/// # Errors
/// Fails like [`data_file`].
pub fn data_file_of_copy(path: &Path, location: &str, schema: &Schema) -> Result<DataFile> {
    described(path, location.to_owned(), schema, Struct::empty(), 0)
}

/// Like [`data_file`], for a file of a [`crate::DataWriter`] that has since been moved to `path`.
///
/// # Errors
/// Fails like [`data_file`].
pub fn written_data_file(path: &Path, schema: &Schema, written: &WrittenFile) -> Result<DataFile> {
    described(path, location_of(path)?, schema, written.partition.clone(), written.spec_id)
}

impl Files {
    /// Like [`data_file`], for an object of this many bytes, of which only the footer is read.
    ///
    /// # Errors
    /// Fails if the object cannot be read or is not Parquet.
    pub fn data_file(&self, location: &str, bytes: u64, schema: &Schema) -> Result<DataFile> {
        let path = path_of(location);
        let invalid = |error: &dyn std::fmt::Display| Error::Parquet(path.clone(), error.to_string());
        let begin = bytes.saturating_sub(FOOTER);
        if begin == bytes {
            return Err(invalid(&"it is empty"));
        }
        let tail = self.read_range(&path, begin..bytes).map_err(failed("read", &path))?;
        let object = ObjectEnd { files: self, path: &path, bytes, begin, tail: tail.into() };
        let footer = ParquetMetaDataReader::new().parse_and_finish(&object).map_err(|error| invalid(&error))?;
        build(&path, location.to_owned(), bytes, &footer, schema, (Struct::empty(), 0))
    }
}

/// The bytes at the end of an object that are read first; most footers have less.
const FOOTER: u64 = 64 << 10;

/// The end of an object, and ranges of what is before it.
struct ObjectEnd<'o> {
    files: &'o Files,
    path: &'o Path,
    bytes: u64,
    /// Where `tail` begins.
    begin: u64,
    tail: Bytes,
}

impl Length for ObjectEnd<'_> {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for ObjectEnd<'_> {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let length = usize::try_from(self.bytes.saturating_sub(start)).unwrap_or(usize::MAX);
        self.get_bytes(start, length).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let end = start + length as u64;
        match start.checked_sub(self.begin).and_then(|offset| usize::try_from(offset).ok()) {
            Some(offset) if offset + length <= self.tail.len() => Ok(self.tail.slice(offset..offset + length)),
            _ if end <= self.bytes && start < end => {
                let read = self.files.read_range(self.path, start..end);
                read.map(Bytes::from).map_err(|error| ParquetError::External(Box::new(error)))
            }
            _ => Err(ParquetError::EOF(format!("bytes {start} to {end} of {}", self.bytes))),
        }
    }
}

fn described(path: &Path, location: String, schema: &Schema, partition: Struct, spec_id: i32) -> Result<DataFile> {
    let file = File::open(path).map_err(failed("open", path))?;
    let bytes = file.metadata().map_err(failed("inspect", path))?.len();
    let footer = ParquetMetaDataReader::new().parse_and_finish(&file);
    let footer = footer.map_err(|error| Error::Parquet(path.to_owned(), error.to_string()))?;
    build(path, location, bytes, &footer, schema, (partition, spec_id))
}

fn build(
    path: &Path,
    location: String,
    bytes: u64,
    footer: &ParquetMetaData,
    schema: &Schema,
    (partition, spec_id): (Struct, i32),
) -> Result<DataFile> {
    let invalid = |error: String| Error::Parquet(path.to_owned(), error);
    let columns = Metrics::of(footer, schema);
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(location)
        .file_format(DataFileFormat::Parquet)
        .partition(partition)
        .partition_spec_id(spec_id)
        .record_count(u64::try_from(footer.file_metadata().num_rows()).map_err(|error| invalid(error.to_string()))?)
        .file_size_in_bytes(bytes)
        .column_sizes(columns.sizes)
        .value_counts(columns.values)
        .null_value_counts(columns.nulls)
        .lower_bounds(columns.lower)
        .upper_bounds(columns.upper)
        .split_offsets(Some(footer.row_groups().iter().map(|group| first_byte(group.column(0))).collect()))
        .build()
        .map_err(|error| invalid(error.to_string()))
}

/// Returns the offset of a column chunk.
fn first_byte(chunk: &ColumnChunkMetaData) -> i64 {
    let data = chunk.data_page_offset();
    chunk.dictionary_page_offset().map_or(data, |dictionary| dictionary.min(data))
}

/// The metrics of a file's columns, by field id.
#[derive(Default)]
struct Metrics {
    sizes: HashMap<i32, u64>,
    values: HashMap<i32, u64>,
    nulls: HashMap<i32, u64>,
    lower: HashMap<i32, Datum>,
    upper: HashMap<i32, Datum>,
}

impl Metrics {
    fn of(footer: &ParquetMetaData, schema: &Schema) -> Self {
        let mut metrics = Metrics::default();
        // A column without statistics in one row group gets no bounds, because those of the other groups are too
        // narrow.
        let (mut unbounded, mut uncounted) = (HashSet::new(), HashSet::new());
        for chunk in footer.row_groups().iter().flat_map(|group| group.columns()) {
            let Some(field) = field_of(chunk, schema) else { continue };
            let id = field.id;
            let values = u64::try_from(chunk.num_values()).unwrap_or_default();
            *metrics.sizes.entry(id).or_default() += u64::try_from(chunk.compressed_size()).unwrap_or_default();
            *metrics.values.entry(id).or_default() += values;
            let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
            match nulls {
                Some(nulls) => *metrics.nulls.entry(id).or_default() += nulls,
                None => _ = uncounted.insert(id),
            }
            match chunk.statistics().and_then(|statistics| bounds(statistics, &field.field_type)) {
                Some((low, high)) => {
                    extend(&mut metrics.lower, id, low, Ordering::Less);
                    extend(&mut metrics.upper, id, high, Ordering::Greater);
                }
                None if nulls == Some(values) => {}
                None => _ = unbounded.insert(id),
            }
        }
        metrics.nulls.retain(|id, _| !uncounted.contains(id));
        metrics.lower.retain(|id, _| !unbounded.contains(id));
        metrics.upper.retain(|id, _| !unbounded.contains(id));
        metrics
    }
}

/// Widens a column's bound.
fn extend(bounds: &mut HashMap<i32, Datum>, id: i32, bound: Datum, further: Ordering) {
    match bounds.get(&id) {
        Some(known) if bound.partial_cmp(known) != Some(further) => {}
        _ => _ = bounds.insert(id, bound),
    }
}

/// Returns the table's field of a column chunk.
fn field_of<'s>(chunk: &ColumnChunkMetaData, schema: &'s Schema) -> Option<&'s NestedField> {
    let column = chunk.column_descr();
    let info = column.self_type().get_basic_info();
    let field = if info.has_id() { schema.field_by_id(info.id()) } else { schema.field_by_name(column.name()) };
    field.map(|field| &**field)
}

/// Returns the smallest and largest value of a row group, in the table's type, which may be wider than the file's.
fn bounds(statistics: &Statistics, field_type: &Type) -> Option<(Datum, Datum)> {
    if statistics.is_min_max_deprecated() {
        return None;
    }
    let Type::Primitive(field_type) = field_type else { return None };
    let pair = |low: Datum, high: Datum| Some((low, high));
    match statistics {
        Statistics::Boolean(found) => pair(Datum::bool(*found.min_opt()?), Datum::bool(*found.max_opt()?)),
        Statistics::Int32(found) => {
            let make = |value: &i32| match field_type {
                PrimitiveType::Int => Some(Datum::int(*value)),
                PrimitiveType::Long => Some(Datum::long(i64::from(*value))),
                PrimitiveType::Date => Some(Datum::date(*value)),
                _ => None,
            };
            pair(make(found.min_opt()?)?, make(found.max_opt()?)?)
        }
        Statistics::Int64(found) => {
            let make = |value: &i64| match field_type {
                PrimitiveType::Long => Some(Datum::long(*value)),
                PrimitiveType::Timestamp => Some(Datum::timestamp_micros(*value)),
                PrimitiveType::Timestamptz => Some(Datum::timestamptz_micros(*value)),
                _ => None,
            };
            pair(make(found.min_opt()?)?, make(found.max_opt()?)?)
        }
        Statistics::Float(found) => {
            let make = |value: &f32| match field_type {
                PrimitiveType::Float => Some(Datum::float(*value)),
                PrimitiveType::Double => Some(Datum::double(f64::from(*value))),
                _ => None,
            };
            pair(make(found.min_opt()?)?, make(found.max_opt()?)?)
        }
        Statistics::Double(found) if *field_type == PrimitiveType::Double => {
            pair(Datum::double(*found.min_opt()?), Datum::double(*found.max_opt()?))
        }
        Statistics::ByteArray(found) if *field_type == PrimitiveType::String => {
            pair(Datum::string(found.min_opt()?.as_utf8().ok()?), Datum::string(found.max_opt()?.as_utf8().ok()?))
        }
        _ => None,
    }
}
