//! Rows that are no result of SQL: listings, and the changes of a table.

use digdag_task::printable_json;
use discogs_lakehouse::query::RowSource;
use discogs_lakehouse::sql::Rows;
use serde_json::Value;

use crate::lake::Lake;

/// The members of a change that a table shows.
const OF_CHANGES: [&str; 5] = ["change", "time", "snapshot_id", "before", "after"];

/// A list of objects, of which a table shows some fields and JSON has all.
#[derive(Clone, Debug)]
pub struct Listing {
    fields: &'static [&'static str],
    objects: Vec<Value>,
}

impl Listing {
    /// Returns a listing of objects with the fields that a table shows.
    pub fn new(fields: &'static [&'static str], objects: Vec<Value>) -> Self {
        Listing { fields, objects }
    }

    /// Returns the number of objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }
}

impl RowSource for Listing {
    fn texts(
        &mut self,
        begin: &mut dyn FnMut(Vec<String>) -> anyhow::Result<()>,
        take: &mut dyn FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        begin(self.fields.iter().map(|field| (*field).to_owned()).collect())?;
        take(
            self.objects
                .iter()
                .map(|object| self.fields.iter().map(|field| Some(text(&object[field]).unwrap_or_default())).collect())
                .collect(),
        )
    }

    fn json(&mut self, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.objects.iter().try_for_each(|object| take(&printable_json(&object.to_string())))
    }
}

/// Returns a value as the text of a cell.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => Some(values.iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

/// The changes of a table after a state.
pub struct Changes<'l> {
    /// The lake.
    pub lake: &'l mut dyn Lake,
    /// The table.
    pub table: &'l str,
    /// The state.
    pub from: &'l str,
    /// The changes that were read so far.
    pub rows: usize,
}

impl RowSource for Changes<'_> {
    fn texts(
        &mut self,
        begin: &mut dyn FnMut(Vec<String>) -> anyhow::Result<()>,
        take: &mut dyn FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        begin(OF_CHANGES.map(str::to_owned).to_vec())?;
        let rows = &mut self.rows;
        self.lake.changes(self.table, self.from, &mut |line| {
            *rows += 1;
            take(vec![OF_CHANGES.map(|name| member(line, name)).to_vec()])
        })
    }

    fn json(&mut self, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let rows = &mut self.rows;
        self.lake.changes(self.table, self.from, &mut |line| {
            *rows += 1;
            take(line.trim_end())
        })
    }
}

/// Returns the value of a member of a JSON object: a text without its quotes, anything else as it is written. A JSON parser
/// would read 12.50 as 12.5.
fn member(object: &str, name: &str) -> Option<String> {
    let mut rest = object.trim().strip_prefix('{')?;
    loop {
        let (key, behind) = value(rest.trim_start_matches([',', ' ']))?;
        let (found, behind) = value(behind.trim_start().strip_prefix(':')?.trim_start())?;
        if serde_json::from_str::<String>(key).is_ok_and(|key| key == name) {
            return Some(serde_json::from_str(found).unwrap_or_else(|_| found.to_owned()));
        }
        rest = behind;
    }
}

/// Returns the JSON value at the beginning of a text, and the text behind it.
fn value(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        let ends = match c {
            _ if is_escaped => {
                is_escaped = false;
                false
            }
            '\\' if in_text => {
                is_escaped = true;
                false
            }
            '"' => {
                in_text = !in_text;
                !in_text && depth == 0
            }
            _ if in_text => false,
            '{' | '[' => {
                depth += 1;
                false
            }
            '}' | ']' if depth > 0 => {
                depth -= 1;
                depth == 0
            }
            // A number or a word ends before this character.
            ',' | '}' | ']' | ':' if depth == 0 => return (at > 0).then(|| text.split_at(at)),
            _ => false,
        };
        if ends {
            return Some(text.split_at(at + c.len_utf8()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_as_they_are_written() {
        let line = r#"{"change":"updated","n":12.50,"before":{"a":"}\"","b":[1,{}]},"after":{"change":1}}"#;
        let found = ["change", "n", "before", "after", "none"].map(|name| member(line, name));
        let expected =
            [Some("updated"), Some("12.50"), Some(r#"{"a":"}\"","b":[1,{}]}"#), Some(r#"{"change":1}"#), None];
        assert_eq!(found.each_ref().map(Option::as_deref), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,40}", value in "(?s).{0,20}") {
            let _ = member(&text, "a");
            let object = serde_json::json!({"x": [value], "a": value}).to_string();
            proptest::prop_assert_eq!(member(&object, "a"), Some(value));
        }
    }
}
