//! Values that a declaration states: bounds and accepted values of a type.

use jiff::civil::{Date, DateTime};
use lake_catalog::PrimitiveType;
use std::cmp::Ordering;

/// A value of a type whose values have an order.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// A number, as near as a double comes to it.
    Number(f64),
    /// A day.
    Date(Date),
    /// A time.
    Time(DateTime),
    /// A text or a boolean, which has no bounds.
    Text(String),
}

impl Value {
    /// Parses a value of a type; `None` if the text is no such value.
    pub fn parse(data_type: &PrimitiveType, text: &str) -> Option<Self> {
        match data_type {
            PrimitiveType::Boolean => matches!(text, "true" | "false").then(|| Value::Text(text.to_owned())),
            PrimitiveType::Int => text.parse::<i32>().ok().map(|number| Value::Number(number.into())),
            PrimitiveType::Long => text.parse::<i64>().ok().map(|number| Value::Number(number as f64)),
            PrimitiveType::Float | PrimitiveType::Double => {
                text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number)
            }
            PrimitiveType::Decimal { precision, scale } => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
                let is_number = !whole.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
                let fits = whole.len() as u32 <= precision - scale && decimals.len() as u32 <= *scale;
                text.parse().ok().filter(|_| is_number && fits).map(Value::Number)
            }
            PrimitiveType::Date => text.parse().ok().filter(|_| text.len() == 10).map(Value::Date),
            PrimitiveType::Timestamp | PrimitiveType::Timestamptz => {
                text.trim_end_matches('Z').parse().ok().map(Value::Time)
            }
            _ => Some(Value::Text(text.to_owned())),
        }
    }

    /// Returns whether a value is larger than another of the same type.
    pub fn is_above(&self, other: &Value) -> bool {
        self.partial_cmp(other) == Some(Ordering::Greater)
    }
}

/// Returns whether values of a type are numbers.
pub fn is_number(data_type: &PrimitiveType) -> bool {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    matches!(data_type, Int | Long | Float | Double | Decimal { .. })
}

/// Returns whether values of a type are dates or times.
pub fn is_time(data_type: &PrimitiveType) -> bool {
    matches!(data_type, PrimitiveType::Date | PrimitiveType::Timestamp | PrimitiveType::Timestamptz)
}
