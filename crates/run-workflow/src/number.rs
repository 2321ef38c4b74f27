//! Numbers as text: in JavaScript's form for `${…}`, in Java's form for environment variables.

use serde_json::{Number, Value};

/// The largest number up to which a double holds every integer.
const MAX_EXACT: u64 = 1 << 53;

/// Returns a value as JSON, with every number as `number` writes it.
pub fn json(value: &Value, number: fn(&Number) -> String) -> String {
    match value {
        Value::Number(found) => number(found),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| json(item, number)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{}:{}", quoted(key), json(value, number));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns a number as JavaScript writes it: every number is a double, 27.0 is `27`, 1e21 is `1e+21`.
pub fn javascript(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) if whole.unsigned_abs() <= MAX_EXACT => whole.to_string(),
        (_, Some(0.0)) => "0".to_owned(),
        (_, Some(double)) => {
            let (sign, digits, point) = decimal(double);
            let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
            let text = match point {
                // JavaScript writes at most 21 digits before the point and six zeros after it.
                _ if point > 21 || point <= -6 => scientific(&digits, point - 1, "e", "+"),
                _ if point >= count => digits + &"0".repeat((point - count).unsigned_abs() as usize),
                _ => positional(&digits, point),
            };
            format!("{sign}{text}")
        }
        _ => number.to_string(),
    }
}

/// Returns a number as Java writes it: integers as they are, doubles as `Double.toString` does, 1e7 as `1.0E7`.
pub fn java(number: &Number) -> String {
    match number.as_f64() {
        Some(double) if number.is_f64() && double != 0.0 => {
            let (sign, digits, point) = decimal(double);
            let text = match point {
                _ if !(-2..=7).contains(&point) => scientific(&with_fraction(&digits), point - 1, "E", ""),
                _ => positional(&digits, point),
            };
            format!("{sign}{text}")
        }
        _ => number.to_string(),
    }
}

/// Splits a double into its sign, its shortest digits, and the position of the decimal point.
fn decimal(double: f64) -> (&'static str, String, i32) {
    let text = format!("{:e}", double.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    (if double.is_sign_negative() { "-" } else { "" }, digits, exponent.parse::<i32>().unwrap_or_default() + 1)
}

/// Appends a 0 to a single digit, because Java writes at least one digit after the point.
fn with_fraction(digits: &str) -> String {
    if digits.len() > 1 { digits.to_owned() } else { format!("{digits}0") }
}

fn scientific(digits: &str, exponent: i32, letter: &str, plus: &str) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}{letter}{}{exponent}", if exponent < 0 { "" } else { plus })
}

fn positional(digits: &str, point: i32) -> String {
    let Ok(point) = usize::try_from(point) else {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    };
    match digits.split_at_checked(point) {
        Some(("", fraction)) => format!("0.{fraction}"),
        Some((whole, fraction)) if !fraction.is_empty() => format!("{whole}.{fraction}"),
        _ => format!("{digits}{}.0", "0".repeat(point - digits.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: Value, as_text: fn(&Number) -> String) -> String {
        super::json(&value, as_text)
    }

    #[test]
    fn javascript_knows_doubles_alone() {
        for (value, expected) in [
            (json!(27), "27"),
            (json!(-2.0), "-2"),
            (json!(2.5), "2.5"),
            (json!(0.000_001), "0.000001"),
            (json!(1e-7), "1e-7"),
            (json!(1e20), "100000000000000000000"),
            (json!(1e21), "1e+21"),
            (json!(1.5e300), "1.5e+300"),
            (json!(9_007_199_254_740_993_u64), "9007199254740992"),
            (json!(12_345_678_901_234_567_890_u64), "12345678901234567000"),
            (json!(-0.0), "0"),
            (json!([1.0, {"a": [1e21, "\"x"]}]), r#"[1,{"a":[1e+21,"\"x"]}]"#),
        ] {
            assert_eq!(text(value.clone(), javascript), expected, "{value}");
        }
    }

    #[test]
    fn java_keeps_integers_and_writes_a_fraction() {
        for (value, expected) in [
            (json!(27), "27"),
            (json!(12_345_678_901_234_567_890_u64), "12345678901234567890"),
            (json!(1.0), "1.0"),
            (json!(-0.5), "-0.5"),
            (json!(0.001), "0.001"),
            (json!(0.0001), "1.0E-4"),
            (json!(9_999_999.0), "9999999.0"),
            (json!(1e7), "1.0E7"),
            (json!(12_345_678.5), "1.23456785E7"),
            (json!(1.5e300), "1.5E300"),
            (json!([1e-7, {"a": 1e7}]), r#"[1.0E-7,{"a":1.0E7}]"#),
        ] {
            assert_eq!(text(value.clone(), java), expected, "{value}");
        }
    }
}
