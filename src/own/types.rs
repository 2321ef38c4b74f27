//! The types of columns: Iceberg's, and DuckDB's names of them.

use lake_catalog::PrimitiveType;

use crate::sql::statement::piece;

/// Returns DuckDB's name of a type, or `None` for a type that these tasks do not write.
pub fn sql(data_type: &PrimitiveType) -> Option<String> {
    Some(match data_type {
        PrimitiveType::Boolean => "BOOLEAN".to_owned(),
        PrimitiveType::Int => "INTEGER".to_owned(),
        PrimitiveType::Long => "BIGINT".to_owned(),
        PrimitiveType::Float => "FLOAT".to_owned(),
        PrimitiveType::Double => "DOUBLE".to_owned(),
        PrimitiveType::Decimal { precision, scale } => format!("DECIMAL({precision}, {scale})"),
        PrimitiveType::Date => "DATE".to_owned(),
        PrimitiveType::Timestamp => "TIMESTAMP".to_owned(),
        PrimitiveType::Timestamptz => "TIMESTAMP WITH TIME ZONE".to_owned(),
        PrimitiveType::String => "VARCHAR".to_owned(),
        PrimitiveType::Binary => "BLOB".to_owned(),
        _ => return None,
    })
}

/// Returns the type of a column that DuckDB names, or `None` for a type that these tasks do not read.
pub fn of_sql(name: &str) -> Option<PrimitiveType> {
    if let Some(decimal) = name.strip_prefix("DECIMAL(") {
        let (precision, scale) = decimal.strip_suffix(')')?.split_once(',')?;
        return Some(PrimitiveType::Decimal {
            precision: precision.trim().parse().ok()?,
            scale: scale.trim().parse().ok()?,
        });
    }
    Some(match name {
        "BOOLEAN" => PrimitiveType::Boolean,
        "TINYINT" | "SMALLINT" | "INTEGER" | "UTINYINT" | "USMALLINT" => PrimitiveType::Int,
        "BIGINT" | "UINTEGER" => PrimitiveType::Long,
        "UBIGINT" => PrimitiveType::Decimal { precision: 20, scale: 0 },
        "HUGEINT" => PrimitiveType::Decimal { precision: 38, scale: 0 },
        "FLOAT" => PrimitiveType::Float,
        "DOUBLE" => PrimitiveType::Double,
        "DATE" => PrimitiveType::Date,
        "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS" => PrimitiveType::Timestamp,
        "TIMESTAMP WITH TIME ZONE" => PrimitiveType::Timestamptz,
        "VARCHAR" | "UUID" | "TIME" | "JSON" | "\"NULL\"" => PrimitiveType::String,
        name if name.starts_with("ENUM(") => PrimitiveType::String,
        _ => return None,
    })
}

/// Returns whether the values of a type are days or times.
pub fn is_time(data_type: &PrimitiveType) -> bool {
    matches!(data_type, PrimitiveType::Date | PrimitiveType::Timestamp | PrimitiveType::Timestamptz)
}

/// Returns the type's name for people, as `--declare` takes it.
pub fn name(data_type: &PrimitiveType) -> String {
    match data_type {
        PrimitiveType::Int => "integer".to_owned(),
        PrimitiveType::Long => "bigint".to_owned(),
        PrimitiveType::Float => "real".to_owned(),
        PrimitiveType::String => "varchar".to_owned(),
        PrimitiveType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    }
}

/// Returns the condition that a text is no value of a type, or `None` if every text is one.
///
/// # Errors
/// Fails if the piece of SQL is missing.
pub fn misfit(column: &str, data_type: &PrimitiveType) -> anyhow::Result<Option<String>> {
    let sql = sql(data_type).unwrap_or_default();
    let (file, scale) = match data_type {
        PrimitiveType::Boolean => ("boolean", 0),
        PrimitiveType::Int => ("integer", 0),
        PrimitiveType::Long => ("bigint", 0),
        PrimitiveType::Float | PrimitiveType::Double => ("double", 0),
        PrimitiveType::Decimal { scale, .. } => ("decimal", *scale),
        PrimitiveType::Date => ("date", 0),
        PrimitiveType::Timestamp => ("timestamp", 0),
        PrimitiveType::Timestamptz => ("timestamptz", 0),
        _ => return Ok(None),
    };
    let places = [("column", column), ("scale", &scale.to_string()), ("type", &sql)];
    piece(&format!("own/invalid/{file}"), &places).map(Some)
}
