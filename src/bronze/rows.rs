//! Reads the XML of a load's rows from the table's files, by ascending positions.
//!
//! The files of a load follow each other, so one is open at a time. Files that another program rewrote may overlap; then
//! several are open. In each file, the rows of a load ascend.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::array::{Array, Int64Array, LargeBinaryArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use lake_catalog::{DataFile, Datum, PrimitiveLiteral, Scan};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::columns::{INGESTION_TIMESTAMP, POSITION};
use super::load::Load;
use digdag_task::Failure;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 256;

/// Reads the XML of a load's rows.
pub struct LoadRows {
    time: i64,
    /// The files that are not open yet with their lowest positions, the highest first.
    waiting: Vec<(i64, PathBuf)>,
    open: Vec<FileRows>,
}

impl LoadRows {
    /// Finds the files of a load among those of a table.
    pub fn new(scan: &Scan, load: &Load) -> Self {
        let time = load.ingested_at.as_microsecond();
        let may_have = |file: &&DataFile| {
            let low = file.lower_bounds().get(&INGESTION_TIMESTAMP).and_then(number);
            let high = file.upper_bounds().get(&INGESTION_TIMESTAMP).and_then(number);
            low.is_none_or(|low| low <= time) && high.is_none_or(|high| time <= high)
        };
        let lowest = |file: &DataFile| file.lower_bounds().get(&POSITION).and_then(number).unwrap_or(i64::MIN);
        let files = scan.data.iter().zip(scan.paths()).filter(|(file, _)| may_have(file));
        let mut waiting: Vec<_> = files.map(|(file, path)| (lowest(file), path)).collect();
        waiting.sort_by(|one, other| other.cmp(one));
        LoadRows { time, waiting, open: Vec::new() }
    }

    /// Passes the XML of the row at a position to `take`. Positions ascend from call to call.
    ///
    /// # Errors
    /// Fails if a file cannot be read or no file has the row, and with the error of `take`.
    pub fn read(&mut self, position: i64, take: impl FnOnce(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        while let Some((_, path)) = self.waiting.pop_if(|(lowest, _)| *lowest <= position) {
            self.open.push(FileRows::open(path)?);
        }
        let mut found = None;
        for (index, file) in self.open.iter_mut().enumerate() {
            if file.seek(self.time, position)? {
                found = Some(index);
                break;
            }
        }
        let Some(index) = found else {
            return Err(Failure::input(format!("the row of record {position} is missing")).into());
        };
        take(self.open[index].xml()?)?;
        self.open.retain(|file| !file.is_at_end);
        Ok(())
    }
}

fn number(bound: &Datum) -> Option<i64> {
    match bound.literal() {
        PrimitiveLiteral::Long(number) => Some(*number),
        _ => None,
    }
}

/// The rows of a file.
struct FileRows {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    batch: Option<Columns>,
    row: usize,
    /// The position of the last row of the load.
    last: i64,
    is_at_end: bool,
}

struct Columns {
    xml: LargeBinaryArray,
    positions: Int64Array,
    times: TimestampMicrosecondArray,
}

impl FileRows {
    fn open(path: PathBuf) -> anyhow::Result<Self> {
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let of_file = || format!("cannot read {}", path.display());
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).with_context(of_file)?;
        let columns = ProjectionMask::columns(builder.parquet_schema(), ["xml", "position", "ingestion_timestamp"]);
        let reader = builder.with_projection(columns).with_batch_size(BATCH_ROWS).build().with_context(of_file)?;
        Ok(FileRows { path, reader, batch: None, row: 0, last: i64::MIN, is_at_end: false })
    }

    /// Passes the rows before a position. Returns whether the load has a row at the position here.
    fn seek(&mut self, time: i64, position: i64) -> anyhow::Result<bool> {
        loop {
            let Some(batch) = self.batch.as_ref().filter(|batch| self.row < batch.positions.len()) else {
                if !self.next_batch()? {
                    return Ok(false);
                }
                continue;
            };
            if batch.times.value(self.row) == time && batch.positions.is_valid(self.row) {
                let found = batch.positions.value(self.row);
                if found < self.last {
                    return Err(Failure::input(format!("{} has rows out of order", self.path.display()))
                        .hint("another program wrote it without the table's sort order; append the dump again in full")
                        .into());
                }
                self.last = found;
                if found >= position {
                    return Ok(found == position);
                }
            }
            self.row += 1;
        }
    }

    fn next_batch(&mut self) -> anyhow::Result<bool> {
        self.row = 0;
        self.batch = match self.reader.next() {
            None => None,
            Some(batch) => {
                let batch = batch.map_err(anyhow::Error::from).and_then(|batch| Columns::of(&batch));
                Some(batch.with_context(|| format!("cannot read {}", self.path.display()))?)
            }
        };
        self.is_at_end = self.batch.is_none();
        Ok(!self.is_at_end)
    }

    fn xml(&self) -> anyhow::Result<&[u8]> {
        let batch = self.batch.as_ref().context("a row was found")?;
        anyhow::ensure!(batch.xml.is_valid(self.row), "{} has a record without XML", self.path.display());
        Ok(batch.xml.value(self.row))
    }
}

impl Columns {
    fn of(batch: &RecordBatch) -> anyhow::Result<Self> {
        let column = |name: &str, to: &DataType| -> anyhow::Result<_> {
            let found = batch.column_by_name(name).with_context(|| format!("there is no column {name}"))?;
            Ok(cast(found, to)?)
        };
        let xml = column("xml", &DataType::LargeBinary)?;
        let positions = column("position", &DataType::Int64)?;
        let times = column("ingestion_timestamp", &DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())))?;
        let other_type = "a column has another type";
        Ok(Columns {
            xml: xml.as_any().downcast_ref::<LargeBinaryArray>().context(other_type)?.clone(),
            positions: positions.as_any().downcast_ref::<Int64Array>().context(other_type)?.clone(),
            times: times.as_any().downcast_ref::<TimestampMicrosecondArray>().context(other_type)?.clone(),
        })
    }
}

/// Returns whether a path is a file of this many bytes.
pub fn is_file_of(path: &Path, bytes: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == bytes)
}
