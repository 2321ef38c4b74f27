//! The condition of `if>`: which values are true and false.

use serde_json::Value;

/// Parses the condition of `if>` with the conversions of Digdag: text is trimmed, empty text and `null` are false.
///
/// # Errors
/// Returns an error if the condition is neither true nor false. The message is Digdag's.
pub fn read(command: &Value) -> Result<bool, String> {
    let condition = match command {
        Value::Null => return Err("Parameter '_command' is required but not set".to_owned()),
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" | "null" | "" => Some(false),
            _ => None,
        },
        Value::Array(_) | Value::Object(_) => None,
    };
    condition.ok_or_else(|| {
        let kind = match command {
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            _ => "object",
        };
        format!("Expected 'true' or 'false' for key '_command' but got {command} ({kind})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_converted_as_digdag_converts_them() {
        for (value, expected) in [
            (json!(true), true),
            (json!("false"), false),
            (json!("TRUE"), true),
            (json!(" true "), true),
            (json!(""), false),
            (json!("null"), false),
            (json!(1), true),
            (json!(0), false),
        ] {
            assert_eq!(read(&value), Ok(expected), "{value}");
        }
        for other in [json!(null), json!(1.0), json!(2), json!("yes"), json!("1"), json!([true]), json!({})] {
            assert!(read(&other).is_err(), "{other}");
        }
        let message = "Expected 'true' or 'false' for key '_command' but got \"yes\" (string)";
        assert_eq!(read(&"yes".into()), Err(message.to_owned()));
    }
}
