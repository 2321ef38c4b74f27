//! The type of a column whose type is neither declared nor stated: that of all its values, and text in doubt.

use lake_catalog::PrimitiveType;

use super::types::misfit;
use crate::sql::statement::{number, rows};
use crate::sql::{DuckDb, quoted};

/// The precision of an inferred decimal: the most that Parquet holds in 64 bits, so that later values seldom need more.
const PRECISION: u32 = 18;

/// The largest scale of an inferred decimal; numbers with more digits behind the point are measurements.
const MAX_SCALE: u32 = 6;

/// Returns the type that all values of a column of the input have. A column without values is text. A number with a
/// leading zero is text, because it is a code.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn infer(engine: &DuckDb, column: &str) -> anyhow::Result<PrimitiveType> {
    let column = quoted(column);
    if number(engine, "own/is_filled", &[("column", &column)])? == 0 {
        return Ok(PrimitiveType::String);
    }
    for data_type in [
        PrimitiveType::Long,
        PrimitiveType::Double,
        PrimitiveType::Date,
        PrimitiveType::Timestamp,
        PrimitiveType::Timestamptz,
        PrimitiveType::Boolean,
    ] {
        if holds(engine, &column, &data_type)? {
            return match data_type {
                PrimitiveType::Double => of_numbers(engine, &column),
                other => Ok(other),
            };
        }
    }
    Ok(PrimitiveType::String)
}

/// Returns whether a type holds every value of a column, a quoted name.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn holds(engine: &DuckDb, column: &str, data_type: &PrimitiveType) -> anyhow::Result<bool> {
    match misfit(column, data_type)? {
        None => Ok(true),
        Some(misfit) => Ok(number(engine, "own/has_misfit", &[("column", column), ("misfit", &misfit)])? == 0),
    }
}

fn of_numbers(engine: &DuckDb, column: &str) -> anyhow::Result<PrimitiveType> {
    let shape = rows(engine, "own/shape_of_numbers", &[("column", column)])?;
    let mut cells = shape.into_iter().flatten().map(|cell| cell.and_then(|cell| cell.parse::<u32>().ok()).unwrap_or(0));
    let (digits, scale, exponents) = (cells.next().unwrap_or(0), cells.next().unwrap_or(0), cells.next().unwrap_or(0));
    Ok(match (exponents, scale) {
        // Whole numbers that no BIGINT holds: a DOUBLE would change their last digits.
        (0, 0) => PrimitiveType::String,
        (0, scale) if scale <= MAX_SCALE && digits + scale <= PRECISION => {
            PrimitiveType::Decimal { precision: PRECISION, scale }
        }
        _ => PrimitiveType::Double,
    })
}
