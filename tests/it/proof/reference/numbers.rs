//! Numbers, years, lengths and flags out of texts.

use crate::support::Value;

/// An optional minus and ASCII digits, within 64 bits.
pub fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    text.parse().ok()
}

pub fn bigint(text: Option<&str>) -> Value {
    text.and_then(number).map_or(Value::Null, Value::Int)
}

/// Like `integer`, within 32 bits.
pub fn integer(text: Option<&str>) -> Value {
    let fits = |number: &i64| i32::try_from(*number).is_ok();
    text.and_then(number).filter(fits).map_or(Value::Null, Value::Int)
}

pub fn flag(text: Option<&str>) -> Value {
    match text {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        _ => Value::Null,
    }
}

/// The year of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Months and days may be 00.
pub fn released_year(text: Option<&str>) -> Value {
    let year = || {
        let parts: Vec<_> = text?.split('-').collect();
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        let shaped = matches!(lengths[..], [4] | [4, 2] | [4, 2, 2]) && parts.iter().all(|part| is_digits(part));
        number(parts[0]).filter(|year| shaped && *year > 0)
    };
    year().map_or(Value::Null, Value::Int)
}

/// The seconds of `M:SS` or `H:MM:SS`, where the first part may have up to five digits.
pub fn seconds(text: Option<&str>) -> Value {
    let seconds = || {
        let parts: Vec<_> = text?.split(':').collect();
        let (first, rest) = parts.split_first()?;
        let right = is_digits(first) && first.len() <= 5 && matches!(rest.len(), 1 | 2);
        let mut sum = number(first).filter(|_| right)?;
        for part in rest {
            let part = number(part).filter(|number| part.len() == 2 && is_digits(part) && *number < 60)?;
            sum = sum * 60 + part;
        }
        Some(sum)
    };
    seconds().map_or(Value::Null, Value::Int)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}
