//! Bloom filters of data files: whether a file may hold a key.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};

use crate::files::failed;
use crate::{Error, Result};

/// The Bloom filters of a column in a file, one a row group.
pub struct BloomFilters {
    groups: Vec<Sbbf>,
    physical: Type,
}

impl BloomFilters {
    /// Reads the filters of the column with a field id, or returns `None` unless every row group has one.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not Parquet.
    pub fn read(path: &Path, field_id: i32) -> Result<Option<Self>> {
        let file = File::open(path).map_err(failed("open", path))?;
        let properties = ReaderProperties::builder().set_read_bloom_filter(true).build();
        let options = ReadOptionsBuilder::new().with_reader_properties(properties).build();
        let invalid = |error: parquet::errors::ParquetError| Error::Parquet(path.to_owned(), error.to_string());
        let reader = Arc::new(SerializedFileReader::new_with_options(file, options).map_err(invalid)?);
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let of_field = |info: &parquet::schema::types::BasicTypeInfo| info.has_id() && info.id() == field_id;
        let found = columns.iter().position(|column| of_field(column.self_type().get_basic_info()));
        let Some(index) = found else { return Ok(None) };
        let physical = columns[index].physical_type();
        let mut groups = Vec::new();
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).map_err(invalid)?;
            match group.get_column_bloom_filter(index) {
                Some(filter) => groups.push(filter.clone()),
                None => return Ok(None),
            }
        }
        Ok(Some(BloomFilters { groups, physical }))
    }

    /// Returns whether a row group may hold a number.
    pub fn may_hold_number(&self, number: i64) -> bool {
        match self.physical {
            Type::INT32 => {
                i32::try_from(number).is_ok_and(|number| self.groups.iter().any(|group| group.check(&number)))
            }
            Type::INT64 => self.groups.iter().any(|group| group.check(&number)),
            _ => true,
        }
    }

    /// Returns whether a row group may hold a text.
    pub fn may_hold_text(&self, text: &str) -> bool {
        self.physical != Type::BYTE_ARRAY || self.groups.iter().any(|group| group.check(text))
    }
}
