//! JSON as DuckDB writes it, made fit for every parser.

use digdag_task::is_active;

/// Returns a JSON text that every parser accepts: replaces DuckDB's NaN and Infinity, which JSON lacks, by null, and
/// active characters by equivalent escapes.
pub fn json_escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let (mut in_string, mut behind_backslash) = (false, false);
    let mut rest = json;
    while let Some(character) = rest.chars().next() {
        let not_a_number = ["NaN", "-NaN", "Infinity", "-Infinity"].into_iter().find(|name| rest.starts_with(name));
        if let (false, Some(name)) = (in_string, not_a_number) {
            escaped.push_str("null");
            rest = &rest[name.len()..];
            continue;
        }
        match is_active(character) {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => escaped.push(character),
        }
        in_string ^= character == '"' && !behind_backslash;
        behind_backslash = character == '\\' && !behind_backslash;
        rest = &rest[character.len_utf8()..];
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_every_reader_accepts() {
        for (json, escaped) in [
            (r#"{"d":NaN,"l":[-Infinity,Infinity,1]}"#, r#"{"d":null,"l":[null,null,1]}"#),
            (r#"{"NaN":"NaN \" Infinity","b":"\\","c":NaN}"#, r#"{"NaN":"NaN \" Infinity","b":"\\","c":null}"#),
            ("{\"\u{202e}\":\"\u{9b}\"}", r#"{"\u202e":"\u009b"}"#),
        ] {
            assert_eq!(json_escaped(json), escaped);
        }
    }
}
