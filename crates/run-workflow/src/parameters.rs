//! The parameters of tasks: merging and evaluation.

use serde_json::{Map, Value};

use super::template::{self, Scope};

/// The parameters of a task, in their order.
pub type Parameters = Map<String, Value>;

/// Merges `from` into `into`: objects field by field, any other value is replaced (Digdag's `Config.merge`).
pub fn merge(into: &mut Parameters, from: &Parameters) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(known)), Value::Object(new)) => merge(known, new),
            (Some(known), value) => *known = value.clone(),
            (None, value) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Sets `a.b.c` in nested objects, as `-p a.b.c=value` does.
///
/// # Errors
/// Returns an error if a part of the key exists already and is not an object; the error is that part.
pub fn set_dotted(into: &mut Parameters, key: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = key.split_once('.') else {
        into.insert(key.to_owned(), value);
        return Ok(());
    };
    match into.entry(first).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(fields) => set_dotted(fields, rest, value),
        _ => Err(first.to_owned()),
    }
}

/// Evaluates every text in `all`. A text can use the evaluated fields in front of it in its own object, and `params` as
/// they are stored (Digdag's `ConfigEvalEngine`, which leaves out `_do` and `_else_do`).
///
/// # Errors
/// Returns the message that Digdag shows for the first text that cannot be evaluated.
pub fn evaluate(all: &Parameters, params: &Parameters) -> Result<Parameters, String> {
    let mut evaluated = Map::new();
    for (key, value) in all {
        let value = match value {
            _ if key == "_do" || key == "_else_do" => value.clone(),
            Value::Object(fields) => Value::Object(evaluate(fields, params)?),
            value => evaluate_value(value, Scope { siblings: &evaluated, params })?,
        };
        evaluated.insert(key.clone(), value);
    }
    Ok(evaluated)
}

fn evaluate_value(value: &Value, scope: Scope<'_>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) if text.contains('$') => Value::String(template::render(text, scope)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| evaluate_value(item, scope)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(evaluate(fields, scope.params)?),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Parameters {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn objects_are_merged_and_keep_their_order() {
        let mut params = object(json!({"py": {"python": "a", "x": 1}, "list": [1], "z": 1}));
        merge(&mut params, &object(json!({"z": {"a": 1}, "py": {"python": "b"}, "list": []})));
        assert_eq!(Value::Object(params).to_string(), r#"{"py":{"python":"b","x":1},"list":[],"z":{"a":1}}"#);
    }

    #[test]
    fn dotted_keys_nest() {
        let mut params = object(json!({"a": {"x": 1}, "b": 1}));
        assert_eq!(set_dotted(&mut params, "a.y.z", "2".into()), Ok(()));
        assert_eq!(set_dotted(&mut params, "b.c", "2".into()), Err("b".to_owned()));
        assert_eq!(Value::Object(params), json!({"a": {"x": 1, "y": {"z": "2"}}, "b": 1}));
    }

    #[test]
    fn a_text_sees_earlier_siblings_evaluated_and_parameters_as_stored() {
        let params = object(json!({"month": "2026-11", "late": "${month}"}));
        let all = object(json!({
            "month": "2026-11", "first": "${late}", "late": "${month}", "second": "${late}",
            "_env": {"a": "${month}", "b": "${a}!"}, "list": ["${month}", {"x": 1}], "_do": {"x": "${nowhere}"}, "n": 1,
        }));
        let expected = json!({
            "month": "2026-11", "first": "${month}", "late": "2026-11", "second": "2026-11",
            "_env": {"a": "2026-11", "b": "2026-11!"}, "list": ["2026-11", {"x": 1}], "_do": {"x": "${nowhere}"}, "n": 1,
        });
        assert_eq!(evaluate(&all, &params), Ok(object(expected)));
    }
}
