//! The columns of a bronze table, and batches of its rows.

use std::sync::Arc;

use anyhow::Context;
use arrow::array::{
    Array, ArrayRef, Date32Array, Int64Array, LargeBinaryArray, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use lake_catalog::{Column, NewTable, PrimitiveType, Session, Table, TableChange, TableName};

use crate::dump::Entity;
use crate::lake::{DumpMonth, Lake};
use crate::tables::iceberg::{OF_DUMPS, arrangement_of, properties_of_own_files};

/// The system that the dumps are from.
const SOURCE_SYSTEM: &str = "discogs";

/// Bytes of a row group. Rows are read one row group at a time, of several files at once.
const GROUP_BYTES: usize = 32 << 20;

/// The field ids of columns that are read by id.
pub const POSITION: i32 = 3;
/// See [`POSITION`].
pub const INGESTION_TIMESTAMP: i32 = 4;

/// The columns, in order. The ids count from 1.
const COLUMNS: [(&str, PrimitiveType, &str); 9] = [
    ("id", PrimitiveType::Long, "The record's id."),
    ("xml", PrimitiveType::Binary, "The record, byte for byte; NULL if the dump no longer has the id."),
    ("position", PrimitiveType::Long, "The position of the record in the dump, from 1."),
    ("ingestion_timestamp", PrimitiveType::Timestamptz, "When the dump was read; one time for all of its rows."),
    ("source_system", PrimitiveType::String, "The system that the record is from: discogs."),
    ("source_file", PrimitiveType::String, "The name of the dump's file."),
    ("source_sha256", PrimitiveType::String, "The SHA-256 of the file."),
    ("record_hash", PrimitiveType::String, "The MD5 of the record's bytes, in hexadecimal digits."),
    ("dump_month", PrimitiveType::Date, "The first day of the month of the dump."),
];

/// Returns the name of the table of an entity.
pub fn name(entity: Entity) -> TableName {
    TableName::new("bronze", entity.name())
}

/// Returns a change of a table that changes nothing yet, or its creation.
///
/// # Errors
/// Fails if `sql/layers.yml` has no layer of bronze.
pub fn change(lake: &Lake, entity: Entity, table: Option<&Table>, session: Session) -> anyhow::Result<TableChange> {
    match table {
        Some(table) => Ok(TableChange::of(table)),
        None => create(lake, entity, session),
    }
}

fn create(lake: &Lake, entity: Entity, session: Session) -> anyhow::Result<TableChange> {
    let name = name(entity);
    let mut properties = properties_of_own_files(&name.namespace)?;
    properties.insert(OF_DUMPS.to_owned(), "true".to_owned());
    properties.insert("write.parquet.row-group-size-bytes".to_owned(), GROUP_BYTES.to_string());
    properties.insert("comment".to_owned(), format!("The records of the {entity} dumps as they came"));
    let column = |(id, (name, data_type, about)): (i32, (&str, PrimitiveType, &str))| Column {
        id,
        name: name.to_owned(),
        data_type,
        description: Some(about.to_owned()),
    };
    let new = NewTable {
        folder: lake.tables_folder().join(&name.namespace).join(&name.name),
        name,
        columns: (1..).zip(COLUMNS).map(column).collect(),
        sorted_by: None,
        properties,
    };
    let mut change = TableChange::create(&new, session)?;
    let (partition, sort) = arrangement_of(&new.name.namespace)?;
    change.sort_by(&sort)?;
    change.partition_by(&partition)?;
    Ok(change)
}

/// The values that all rows of a load share.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The time of the load.
    pub ingested_at: Timestamp,
    /// The name of the dump's file.
    pub source_file: String,
    /// The sha256 of the file.
    pub sha256: String,
    /// The month of the dump.
    pub dump_month: DumpMonth,
}

impl Stamp {
    /// Returns rows of records.
    ///
    /// # Errors
    /// Fails if the columns are of different lengths.
    pub fn rows(
        &self,
        ids: ArrayRef,
        xml: ArrayRef,
        positions: Int64Array,
        hashes: StringArray,
    ) -> anyhow::Result<RecordBatch> {
        let rows = ids.len();
        let text = |value: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows))) as ArrayRef;
        let time = TimestampMicrosecondArray::from_value(self.ingested_at.as_microsecond(), rows);
        let month = Date32Array::from_value(days_since_1970(&self.dump_month)?, rows);
        let arrays: [ArrayRef; 9] = [
            ids,
            xml,
            Arc::new(positions),
            Arc::new(time.with_timezone("+00:00")),
            text(SOURCE_SYSTEM),
            text(&self.source_file),
            text(&self.sha256),
            Arc::new(hashes),
            Arc::new(month),
        ];
        let columns = COLUMNS.iter().zip(arrays).map(|((name, ..), array)| (*name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).context("the rows of a dump do not fit a batch")
    }

    /// Returns rows that say that ids are gone.
    ///
    /// # Errors
    /// Fails like [`Stamp::rows`].
    pub fn deletions(&self, ids: Vec<i64>) -> anyhow::Result<RecordBatch> {
        let rows = ids.len();
        let xml = LargeBinaryArray::from(vec![None::<&[u8]>; rows]);
        let hashes = StringArray::from(new_null_array(&DataType::Utf8, rows).to_data());
        self.rows(Arc::new(Int64Array::from(ids)), Arc::new(xml), Int64Array::from(vec![None; rows]), hashes)
    }
}

fn days_since_1970(month: &DumpMonth) -> anyhow::Result<i32> {
    let first: jiff::civil::Date = format!("{}-01", month.as_str()).parse()?;
    let days = first.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1)))?.get_days();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_has_an_id_and_the_values_of_the_load() {
        let month: DumpMonth = "1970-02".parse().expect("a month");
        let stamp = Stamp {
            ingested_at: Timestamp::UNIX_EPOCH,
            source_file: "f".to_owned(),
            sha256: "s".to_owned(),
            dump_month: month,
        };
        let rows = stamp.deletions(vec![5, 7]).expect("rows");
        let nulls: Vec<_> = rows.columns().iter().map(|column| column.null_count()).collect();
        assert_eq!(nulls, [0, 2, 2, 0, 0, 0, 0, 2, 0]);
        assert_eq!(days_since_1970(&stamp.dump_month).expect("days"), 31);
    }
}
