//! The bounds of a key column in a data file, by which an upsert skips the file.

use iceberg::spec::{DataFile, PrimitiveLiteral};

/// The smallest and the largest value of a column in a file, of the types that keys mostly have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyBounds {
    /// Whole numbers.
    Numbers(i64, i64),
    /// Texts. The upper bound may be longer than the longest value, and is never smaller.
    Texts(String, String),
}

/// Returns the bounds of a column in a file, or `None` if the file has none or the column is of another type.
pub fn key_bounds(file: &DataFile, field_id: i32) -> Option<KeyBounds> {
    let low = file.lower_bounds().get(&field_id)?;
    let high = file.upper_bounds().get(&field_id)?;
    // The literal of a date or a decimal is a number too.
    let is_whole = matches!(low.data_type(), crate::PrimitiveType::Int | crate::PrimitiveType::Long);
    match (low.literal(), high.literal()) {
        (PrimitiveLiteral::Int(low), PrimitiveLiteral::Int(high)) if is_whole => {
            Some(KeyBounds::Numbers(i64::from(*low), i64::from(*high)))
        }
        (PrimitiveLiteral::Long(low), PrimitiveLiteral::Long(high)) if is_whole => {
            Some(KeyBounds::Numbers(*low, *high))
        }
        (PrimitiveLiteral::String(low), PrimitiveLiteral::String(high)) => {
            Some(KeyBounds::Texts(low.clone(), high.clone()))
        }
        _ => None,
    }
}
