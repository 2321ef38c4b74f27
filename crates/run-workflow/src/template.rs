//! `${…}` in texts, replaced as the `template` function of Digdag's digdag.js does.

use serde_json::{Map, Value};

use super::expression::{self, Expression};
use super::number;

/// The names that a template can use.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The fields in front of the text in its own object, evaluated; they hide parameters.
    pub siblings: &'a Map<String, Value>,
    /// The parameters as they are stored: templates inside them are not evaluated.
    pub params: &'a Map<String, Value>,
}

enum Piece<'a> {
    Text(&'a str),
    Expression(Expression),
}

/// Checks that every expression of a text is supported.
///
/// # Errors
/// Returns the source of the first expression that is not supported.
pub fn check(text: &str) -> Result<(), String> {
    pieces(text).map(|_| ())
}

/// Replaces every expression by its value as text, and `$$` by `$`.
///
/// # Errors
/// Returns the message that Digdag shows.
pub fn render(text: &str, scope: Scope<'_>) -> Result<String, String> {
    let failed = |why: String| format!("Failed to evaluate a variable {text} ({why})");
    let pieces = pieces(text).map_err(|what| failed(format!("run-workflow does not evaluate {what}")))?;
    let look_up = |name: &str| scope.siblings.get(name).or_else(|| scope.params.get(name));
    let mut rendered = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => rendered.push_str(&text.replace("$$", "$")),
            Piece::Expression(expression) => match expression::evaluate(&expression, &look_up).map_err(failed)? {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => rendered.push_str(&text),
                Some(value) => rendered.push_str(&number::json(&value, number::javascript)),
            },
        }
    }
    Ok(rendered)
}

/// Splits a text into its pieces. A `${` without `}` is text, and the first `}` ends an expression, as in Digdag.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        let end = start + 2 + length;
        let expression = &rest[start + 2..end];
        pieces.push(Piece::Text(&rest[..start]));
        pieces.push(Piece::Expression(expression::parse(expression).ok_or_else(|| rest[start..=end].to_owned())?));
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn rendered(text: &str) -> Result<String, String> {
        let params = json!({
            "month": "2026-11", "artists": {"rows": 27, "rate": 2.0, "list": [1, "two"]}, "none": null, "raw": "${month}",
        });
        let siblings = json!({"month": "near"});
        let empty = Map::new();
        render(
            text,
            Scope { siblings: siblings.as_object().unwrap_or(&empty), params: params.as_object().unwrap_or(&empty) },
        )
    }

    #[test]
    fn values_become_text() {
        for (text, expected) in [
            ("${artists.rows} rows in ${month}", "27 rows in near"),
            ("${artists}", r#"{"rows":27,"rate":2,"list":[1,"two"]}"#),
            ("[${none}${artists.nothing}]", "[]"),
            ("${artists.rows > 5}", "true"),
            ("${raw}", "${month}"),
            ("costs $$5 and $5", "costs $5 and $5"),
            ("an open ${brace", "an open ${brace"),
        ] {
            assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_read_as_digdags() {
        let message = "Failed to evaluate a variable in ${nowhere} (ReferenceError: nowhere is not defined)";
        assert_eq!(rendered("in ${nowhere}"), Err(message.to_owned()));
    }

    #[test]
    fn unsupported_expressions_are_named() {
        assert_eq!(check("at ${moment(session_time)} o'clock"), Err("${moment(session_time)}".to_owned()));
        assert_eq!(check("${secret:key}"), Err("${secret:key}".to_owned()));
        assert_eq!(check("${}"), Err("${}".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"([a-z.${}"'= <>é\n]|\$\{|\$\$){0,40}"#) {
            let _ = rendered(&text);
            let _ = check(&text);
        }

        #[test]
        fn text_without_expressions_is_unchanged(text in any::<String>()) {
            prop_assume!(!text.contains("${") && !text.contains("$$"));
            prop_assert_eq!(rendered(&text), Ok(text));
        }
    }
}
