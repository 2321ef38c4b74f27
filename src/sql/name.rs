/// A name as SQL takes it, whatever is in it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL takes it: a path, a file's name.
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
