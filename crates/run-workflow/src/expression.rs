//! The expressions between `${` and `}`: a dotted name, or a dotted name compared with a literal.
//!
//! Digdag evaluates JavaScript there. Values, comparisons and errors of this subset are those of JavaScript.

use std::cmp::Ordering;

use serde_json::Value;

use super::number;

/// Names that JavaScript or Digdag's moment.js define; they are not parameters.
const NOT_PARAMETERS: [&str; 19] = [
    "this",
    "moment",
    "JSON",
    "Math",
    "Date",
    "Object",
    "Array",
    "String",
    "Number",
    "Boolean",
    "RegExp",
    "true",
    "false",
    "null",
    "undefined",
    "NaN",
    "Infinity",
    "new",
    "typeof",
];

/// A supported expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Name(Vec<String>),
    Comparison { left: Vec<String>, operator: Comparator, right: Value },
}

/// A comparison operator of JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    Greater,
    GreaterOrEqual,
}

/// The comparison operators that workflows and recordings use, longer ones first because `>=` starts with `>`.
const COMPARATORS: [(&str, Comparator); 5] = [
    ("==", Comparator::Equal),
    ("!=", Comparator::NotEqual),
    (">=", Comparator::GreaterOrEqual),
    ("<", Comparator::Less),
    (">", Comparator::Greater),
];

/// Parses an expression; returns `None` if it is not supported.
pub fn parse(text: &str) -> Option<Expression> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let left = dotted_name(name)?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Some(Expression::Name(left));
    }
    let (operator, literal) =
        COMPARATORS.iter().find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))?;
    Some(Expression::Comparison { left, operator, right: parse_literal(literal.trim())? })
}

fn dotted_name(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split('.').map(str::to_owned).collect();
    let sound = |name: &String| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$');
    (names.iter().all(sound) && !NOT_PARAMETERS.contains(&names[0].as_str())).then_some(names)
}

fn parse_literal(text: &str) -> Option<Value> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote)?;
            return (!inner.contains([quote, '\\'])).then(|| inner.into());
        }
    }
    match serde_json::from_str(text).ok()? {
        value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Some(value),
        _ => None,
    }
}

/// Evaluates an expression; `None` is JavaScript's undefined.
///
/// # Errors
/// Returns the message of the error that JavaScript throws: a name is not defined, or is a property of undefined or
/// null.
pub fn evaluate<'a>(
    expression: &Expression,
    scope: &impl Fn(&str) -> Option<&'a Value>,
) -> Result<Option<Value>, String> {
    match expression {
        Expression::Name(name) => look_up(name, scope),
        Expression::Comparison { left, operator, right } => {
            let left = look_up(left, scope)?;
            Ok(Some(Value::Bool(compare(left.as_ref().unwrap_or(&Value::Null), *operator, right, left.is_none()))))
        }
    }
}

fn look_up<'a>(name: &[String], scope: &impl Fn(&str) -> Option<&'a Value>) -> Result<Option<Value>, String> {
    let mut value = Some(scope(&name[0]).ok_or_else(|| format!("ReferenceError: {} is not defined", name[0]))?.clone());
    for property in &name[1..] {
        value = match value {
            None | Some(Value::Null) => {
                let what = if value.is_none() { "undefined" } else { "null" };
                return Err(format!("TypeError: Cannot read property '{property}' of {what}"));
            }
            Some(Value::Object(mut fields)) => fields.remove(property),
            Some(Value::Array(items)) if property == "length" => Some(items.len().into()),
            Some(Value::String(text)) if property == "length" => Some(text.encode_utf16().count().into()),
            Some(_) => None,
        };
    }
    Ok(value)
}

fn compare(left: &Value, operator: Comparator, right: &Value, undefined: bool) -> bool {
    match operator {
        Comparator::Equal => loosely_equal(left, right),
        Comparator::NotEqual => !loosely_equal(left, right),
        _ => {
            // Undefined is NaN as a number; null is 0.
            let ordering = if undefined { None } else { order(left, right) };
            ordering.is_some_and(|ordering| match operator {
                Comparator::Less => ordering == Ordering::Less,
                Comparator::Greater => ordering == Ordering::Greater,
                _ => ordering != Ordering::Less,
            })
        }
    }
}

fn loosely_equal(left: &Value, right: &Value) -> bool {
    if left.is_null() || right.is_null() {
        return left.is_null() && right.is_null();
    }
    match (&primitive(left), &primitive(right)) {
        (Value::String(left), Value::String(right)) => left == right,
        (left, right) => to_number(left).zip(to_number(right)).is_some_and(|(left, right)| left == right),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (&primitive(left), &primitive(right)) {
        (Value::String(left), Value::String(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        (left, right) => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}

/// Converts a list or an object to the text that JavaScript uses in a comparison.
fn primitive(value: &Value) -> Value {
    fn text(value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Number(number) => number::javascript(number),
            Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            Value::Object(_) => "[object Object]".to_owned(),
            Value::Bool(value) => value.to_string(),
        }
    }
    match value {
        Value::Array(_) | Value::Object(_) => text(value).into(),
        other => other.clone(),
    }
}

/// Converts a value with JavaScript's ToNumber; `None` is NaN.
fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text_to_number(text.trim()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn text_to_number(text: &str) -> Option<f64> {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let sound = !digits.starts_with(['+', '-']);
            return u64::from_str_radix(digits, radix).ok().filter(|_| sound).map(|number| number as f64);
        }
    }
    match text {
        "" => Some(0.0),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Option<Value>, String> {
        let params = serde_json::json!({
            "mode": "dev", "flag": true, "rows": "27", "none": null, "list": [1, 2],
            "one": [5], "hex": "0x10", "endless": "Infinity",
            "artists": {"rows": 27, "table": "artists_v1_typed", "rate": 0.5},
        });
        evaluate(&parse(text).unwrap(), &|name| params.get(name))
    }

    #[test]
    fn names_and_comparisons_are_evaluated_as_in_javascript() {
        for (text, expected) in [
            ("artists.rows > 5", true),
            ("artists.rows>27", false),
            ("artists.rows >= 27.0", true),
            ("artists.rate < 1", true),
            ("rows == 27", true),
            ("rows < \"3\"", true),
            ("mode == \"prod\"", false),
            ("mode != 'prod'", true),
            ("mode > 5", false),
            ("flag == true", true),
            ("flag == \"true\"", false),
            ("none == null", true),
            ("none >= 0", true),
            ("artists.nothing == null", true),
            ("artists.nothing >= 0", false),
            ("list == \"1,2\"", true),
            ("one == 5", true),
            ("one > 4", true),
            ("artists == 1", false),
            ("hex == 16", true),
            ("endless > 1", true),
        ] {
            assert_eq!(value(text), Ok(Some(Value::Bool(expected))), "{text}");
        }
        assert_eq!(value(" artists.table "), Ok(Some("artists_v1_typed".into())));
        assert_eq!(value("artists.nothing"), Ok(None));
        assert_eq!(value("list.length"), Ok(Some(2.into())));
    }

    #[test]
    fn an_undefined_name_is_the_error_of_javascript() {
        assert_eq!(value("nowhere"), Err("ReferenceError: nowhere is not defined".to_owned()));
        assert_eq!(value("artists.x.y"), Err("TypeError: Cannot read property 'y' of undefined".to_owned()));
        assert_eq!(value("none.y"), Err("TypeError: Cannot read property 'y' of null".to_owned()));
    }

    #[test]
    fn other_expressions_are_not_supported() {
        for text in [
            "",
            "a + 1",
            "a && b",
            "!a",
            "a == b",
            "a === \"b\"",
            "a <= 1",
            "a == \"b\" && c",
            "f(x)",
            "a[0]",
            "moment(x)",
            "true",
            "1",
            "\"a\"",
            "a.",
            ".a",
            "a..b",
            "a == \"x\\n\"",
            "a ? b : c",
            "Math.PI",
            "{",
            "a == [1]",
            "a-b",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
