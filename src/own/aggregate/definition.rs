//! The groups and the numbers of an aggregate table: `month(sold), label` and `revenue=sum:price, orders=count`.

use std::str::FromStr;

use lake_catalog::PrimitiveType;

use super::super::types;
use crate::sql::statement::piece;
use crate::sql::{quoted, text_literal};

/// Calendar units, as `date_trunc` names them. A week begins on Monday.
const UNITS: [&str; 5] = ["day", "week", "month", "quarter", "year"];

/// A key of the groups: a column, or the day, week, month, quarter or year of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name in the aggregate table.
    pub name: String,
    /// The column of the source.
    pub column: String,
    unit: Option<&'static str>,
}

/// A number that is computed for each group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The name in the aggregate table.
    pub name: String,
    /// The column of the source; `None` counts rows.
    pub column: Option<String>,
    function: Function,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected COLUMN, day(COLUMN), week(), month(), quarter() or year(), found {text}");
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (Some(column_name(name)?), value.trim()),
            None => (None, text.trim()),
        };
        let (unit, column) = match value.split_once('(') {
            None => (None, value),
            Some((unit, rest)) => {
                let known = UNITS.into_iter().find(|known| unit.trim().eq_ignore_ascii_case(known));
                (Some(known.ok_or_else(expected)?), rest.strip_suffix(')').ok_or_else(expected)?)
            }
        };
        let column = column.trim().to_owned();
        if column.is_empty() {
            return Err(expected());
        }
        let name = name.unwrap_or_else(|| unit.map_or_else(|| column.clone(), str::to_owned));
        Ok(Group { name, column, unit })
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "expected NAME=FUNCTION:COLUMN with count, count_distinct, sum, avg, min or max, or NAME=count, found {text}"
            )
        };
        let (name, value) = text.split_once('=').ok_or_else(expected)?;
        let (function, column) = match value.split_once(':') {
            Some((function, column)) => (function.trim(), Some(column.trim().to_owned())),
            None => (value.trim(), None),
        };
        let function = match function.to_ascii_lowercase().as_str() {
            "count" => Function::Count,
            "count_distinct" => Function::CountDistinct,
            "sum" => Function::Sum,
            "avg" => Function::Avg,
            "min" => Function::Min,
            "max" => Function::Max,
            _ => return Err(expected()),
        };
        if column.as_ref().map_or(function != Function::Count, String::is_empty) {
            return Err(expected());
        }
        Ok(Measure { name: column_name(name)?, column, function })
    }
}

fn column_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(name.to_owned());
    }
    Err(format!("expected a name of lower-case letters, digits and _, found {name}"))
}

impl Group {
    /// Returns the type in the aggregate table.
    ///
    /// # Errors
    /// Returns a message if the source's column has no days.
    pub fn data_type(&self, of_column: &PrimitiveType) -> Result<PrimitiveType, String> {
        match self.unit {
            None => Ok(of_column.clone()),
            Some(_) if types::is_time(of_column) => Ok(PrimitiveType::Date),
            Some(unit) => {
                Err(format!("{unit}({}): the column is {}, not a day or a time", self.column, types::name(of_column)))
            }
        }
    }

    /// Returns the expression of the group.
    ///
    /// # Errors
    /// Fails if the piece of SQL is missing.
    pub fn sql(&self) -> anyhow::Result<String> {
        let (column, name) = (quoted(&self.column), quoted(&self.name));
        match self.unit {
            None => piece("own/aggregate/value", &[("column", &column), ("name", &name)]),
            Some(unit) => {
                piece("own/aggregate/period", &[("unit", &text_literal(unit)), ("column", &column), ("name", &name)])
            }
        }
    }
}

impl Measure {
    /// Returns the type in the aggregate table. `of_column` is the type of the source's column, if it has one.
    ///
    /// # Errors
    /// Returns a message if the function does not take such values.
    pub fn data_type(&self, of_column: Option<&PrimitiveType>) -> Result<PrimitiveType, String> {
        use PrimitiveType::{Decimal, Double, Float, Int, Long};
        match (self.function, of_column) {
            (Function::Count | Function::CountDistinct, _) | (_, None) => Ok(Long),
            (Function::Min | Function::Max, Some(data_type)) => Ok(data_type.clone()),
            (Function::Sum, Some(Int | Long)) => Ok(Decimal { precision: 38, scale: 0 }),
            (Function::Sum, Some(Decimal { scale, .. })) => Ok(Decimal { precision: 38, scale: *scale }),
            (Function::Sum, Some(Float | Double))
            | (Function::Avg, Some(Int | Long | Float | Double | Decimal { .. })) => Ok(Double),
            (_, Some(other)) => Err(format!("{}: the column is {}, not a number", self.name, types::name(other))),
        }
    }

    /// Returns the expression of the measure, of a type that DuckDB names.
    ///
    /// # Errors
    /// Fails if the piece of SQL is missing.
    pub fn sql(&self, data_type: &str) -> anyhow::Result<String> {
        let function = match (self.function, &self.column) {
            (Function::Count, None) => "count_rows",
            (Function::Count, Some(_)) => "count",
            (Function::CountDistinct, _) => "count_distinct",
            (Function::Sum, _) => "sum",
            (Function::Avg, _) => "avg",
            (Function::Min, _) => "min",
            (Function::Max, _) => "max",
        };
        let column = self.column.as_deref().map(quoted).unwrap_or_default();
        let places = [("column", column.as_str()), ("name", &quoted(&self.name)), ("type", data_type)];
        piece(&format!("own/aggregate/{function}"), &places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_measures_are_read_and_typed() {
        let group: Group = "Month( sold )".parse().expect("a group");
        assert_eq!((group.name.as_str(), group.column.as_str()), ("month", "sold"));
        assert_eq!(group.data_type(&PrimitiveType::Timestamptz), Ok(PrimitiveType::Date));
        assert!(group.data_type(&PrimitiveType::String).is_err());
        assert_eq!("period=week(sold)".parse::<Group>().expect("a group").name, "period");
        let sum: Measure = "revenue=sum:price".parse().expect("a measure");
        let decimal = |precision, scale| PrimitiveType::Decimal { precision, scale };
        assert_eq!(sum.data_type(Some(&decimal(9, 2))), Ok(decimal(38, 2)));
        assert!(sum.data_type(Some(&PrimitiveType::String)).is_err());
        assert_eq!("n=count".parse::<Measure>().expect("a measure").data_type(None), Ok(PrimitiveType::Long));
        for wrong in ["", "hour(a)", "month(a", "month()", "A b=label", "=label"] {
            assert!(wrong.parse::<Group>().is_err(), "{wrong}");
        }
        for wrong in ["revenue", "revenue=sum", "revenue=total:price", "revenue=sum:", "1=count", "n=count:"] {
            assert!(wrong.parse::<Measure>().is_err(), "{wrong}");
        }
    }
}
