//! What `if>` takes for true and false.

use serde_json::Value;

/// Reads the condition of `if>`, which is text when it came through `${…}`.
///
/// # Errors
/// It is neither true nor false; the message says what it is.
pub fn read(command: &Value) -> Result<bool, String> {
    match command {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        other => Err(format!("if> expects true or false, not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_and_false_are_conditions() {
        assert_eq!(read(&Value::Bool(true)), Ok(true));
        assert_eq!(read(&"false".into()), Ok(false));
        for other in [Value::Null, 1.into(), "yes".into(), "".into(), "True".into()] {
            assert!(read(&other).is_err(), "{other}");
        }
    }
}
