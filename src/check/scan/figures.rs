//! The profile of a table, gathered batch by batch.

use anyhow::Context;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use memchr::memmem::Finder;

use crate::check::profile::{ColumnProfile, TableProfile};
use crate::contract::Table;
use crate::lake::{ColumnDescription, Dataset};

/// U+FFFD, which stands for bytes that were not UTF-8.
const REPLACED: &str = "\u{FFFD}";

/// The running measurements of one table.
pub struct TableFigures {
    rows: u64,
    columns: Vec<ColumnFigures>,
    replaced: Finder<'static>,
}

#[derive(Default)]
struct ColumnFigures {
    name: String,
    nulls: u64,
    empty_texts: u64,
    replaced: u64,
    /// Characters of texts, numbers as they are, flags as 0 and 1.
    sum: i128,
}

impl TableFigures {
    /// Returns measurements of a table before its first batch.
    pub fn of(table: &Table) -> Self {
        let figures = |name: &String| ColumnFigures { name: name.clone(), ..ColumnFigures::default() };
        TableFigures {
            rows: 0,
            columns: table.columns.iter().map(|column| figures(&column.name)).collect(),
            replaced: Finder::new(REPLACED),
        }
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// Fails if a column is missing or of a type that the contract does not have.
    pub fn add(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        self.rows += batch.num_rows() as u64;
        for figures in &mut self.columns {
            let values = batch.column_by_name(&figures.name).with_context(|| format!("no column {}", figures.name))?;
            figures.add(values, &self.replaced)?;
        }
        Ok(())
    }

    /// Returns the profile. `keys` is the number of distinct values of the first key column.
    pub fn profile(self, table: &Table, dataset: &Dataset, keys: u64) -> TableProfile {
        let rows = self.rows;
        let described = |figures: &ColumnFigures| dataset.columns.iter().find(|column| column.name == figures.name);
        let columns = self.columns.iter().filter_map(|figures| Some((figures, described(figures)?)));
        TableProfile {
            sha256: dataset.identity().sha256,
            rows,
            bytes: dataset.bytes(),
            keys,
            keys_of: TableProfile::first_key(table, dataset),
            columns: columns.map(|(figures, description)| figures.profile(table, description, rows)).collect(),
        }
    }
}

impl ColumnFigures {
    fn add(&mut self, values: &ArrayRef, replaced: &Finder<'_>) -> anyhow::Result<()> {
        self.nulls += values.null_count() as u64;
        match values.data_type() {
            DataType::Utf8 => self.add_texts(values.as_string(), replaced),
            DataType::Int64 => {
                self.sum += values.as_primitive::<Int64Type>().iter().flatten().map(i128::from).sum::<i128>();
            }
            DataType::Int32 => {
                self.sum += values.as_primitive::<Int32Type>().iter().flatten().map(i128::from).sum::<i128>();
            }
            DataType::Boolean => self.sum += values.as_boolean().true_count() as i128,
            other => anyhow::bail!("column {} is {other}", self.name),
        }
        Ok(())
    }

    fn add_texts(&mut self, texts: &StringArray, replaced: &Finder<'_>) {
        let offsets = texts.value_offsets();
        let (from, to) = (offsets[0] as usize, offsets[texts.len()] as usize);
        let bytes = &texts.value_data()[from..to];
        // Bytes that continue a character begin with the bits 10.
        self.sum += bytes.iter().map(|byte| i64::from((*byte as i8) >= -0x40)).sum::<i64>() as i128;
        let empty = offsets.windows(2).filter(|pair| pair[0] == pair[1]).count();
        if empty > texts.null_count() {
            self.empty_texts +=
                (0..texts.len()).filter(|row| texts.is_valid(*row) && texts.value(*row).is_empty()).count() as u64;
        }
        if replaced.find(bytes).is_some() {
            let holds = |row: &usize| texts.is_valid(*row) && replaced.find(texts.value(*row).as_bytes()).is_some();
            self.replaced += (0..texts.len()).filter(holds).count() as u64;
        }
    }

    fn profile(&self, table: &Table, column: &ColumnDescription, rows: u64) -> ColumnProfile {
        let values = rows - self.nulls;
        let mean = (values > 0).then(|| self.sum as f64 / values as f64);
        ColumnProfile {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            nulls: self.nulls,
            empty_texts: self.empty_texts,
            replaced: self.replaced,
            mean: mean.filter(|_| ColumnProfile::has_mean(table, column)),
        }
    }
}
