//! The bounds of a column of dates or times in a data file, by which the age of its rows is known.

use std::collections::HashMap;

use iceberg::spec::{DataFile, Datum, PrimitiveLiteral, Transform};

use crate::{PrimitiveType, Table};

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Returns the earliest and the latest time of a column in a file, in microseconds since 1970 (UTC; a date counts from its
/// first instant), or `None` if a row has no value, the file has no bounds, or the column is of another type.
pub fn time_bounds(file: &DataFile, field_id: i32) -> Option<(i64, i64)> {
    let is_full = file.null_value_counts().get(&field_id) == Some(&0);
    let bound = |bounds: &HashMap<i32, Datum>| microseconds(bounds.get(&field_id)?);
    if is_full { Some((bound(file.lower_bounds())?, bound(file.upper_bounds())?)) } else { None }
}

fn microseconds(datum: &Datum) -> Option<i64> {
    match (datum.data_type(), datum.literal()) {
        (PrimitiveType::Date, PrimitiveLiteral::Int(days)) => i64::from(*days).checked_mul(DAY),
        (PrimitiveType::Timestamp | PrimitiveType::Timestamptz, PrimitiveLiteral::Long(time)) => Some(*time),
        _ => None,
    }
}

impl Table {
    /// Returns the column by whose days, months or years the table's new files are partitioned: its field id and its name.
    pub fn time_partition(&self) -> Option<(i32, String)> {
        let is_of_time = |transform: &Transform| {
            matches!(transform, Transform::Hour | Transform::Day | Transform::Month | Transform::Year)
        };
        let mut fields = self.metadata.default_partition_spec().fields().iter();
        let source = fields.find(|field| is_of_time(&field.transform))?.source_id;
        Some((source, self.metadata.current_schema().field_by_id(source)?.name.clone()))
    }
}
