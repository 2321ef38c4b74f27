//! Text for terminals. Data, file names and messages of services reach a terminal only through [`printable`].

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes every character that a terminal would act on: control characters (`\n`, `\u{1b}`), and the marks that
/// reorder the text around them.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            active if is_active(active) => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(active));
            }
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// Like [`printable`], but for JSON: uses JSON's own escapes, so a parser reads the same values.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let is_escaped = |character: char| is_active(character) && !matches!(character, '\n' | '\r' | '\t');
    if !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for character in json.chars() {
        match is_escaped(character) {
            // Writing to a String cannot fail. Every active character lies in the basic plane.
            true => drop(write!(escaped, "\\u{:04x}", u32::from(character))),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether a terminal acts on a character instead of showing it: a control character, a line or paragraph
/// separator, or a mark of the Unicode bidirectional algorithm.
pub fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_nothing_else() {
        for (text, shown) in [
            ("Motörhead – 東京 🦆 e\u{301}", "Motörhead – 東京 🦆 e\u{301}"),
            ("a\tb\r\n", "a\\tb\\r\\n"),
            ("\u{1b}[31mred\u{7}\0\u{7f}\u{9b}", "\\u{1b}[31mred\\u{7}\\u{0}\\u{7f}\\u{9b}"),
            ("\u{202e}cod.exe\u{2069}\u{200f}\u{61c}", "\\u{202e}cod.exe\\u{2069}\\u{200f}\\u{61c}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn json_keeps_its_values() {
        let values = ["a\u{1b}[31m\u{9b}\u{202e}\n", "Motörhead 🦆"];
        let json = serde_json::to_string(&values).expect("text is JSON");
        let printed = printable_json(&json);
        assert!(!printed.contains(is_active), "{printed:?}");
        assert_eq!(serde_json::from_str::<[String; 2]>(&printed).expect("JSON of two texts"), values);
    }
}
