//! YAML with the line of every key, which `yaml_serde` does not tell.
//!
//! The parser gives the tree in the order of the text. [`Lines`] walks the text beside it: the line of a key is the
//! first place, at or behind the key before, where its text stands as a key (at the start of a line, or behind `{`,
//! `,` or `-`, and in front of a colon; comment lines do not count). A block of text that holds the next key as a
//! line of its own can mislead it by some lines; a key it cannot find (one behind an alias, or written with
//! escapes) gets the line of the key before. Only messages depend on it.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::task::Failure;

/// The key that stands for `!include :`.
pub const INCLUDE: &str = "!include";

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<str>,
    pub line: usize,
}

impl Place {
    /// The failure of something at this place that is not understood or not allowed.
    pub fn refuse(&self, message: impl fmt::Display, hint: impl Into<String>) -> Failure {
        Failure::parameters(format!("{self}: {message}")).hint(hint)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and the line of the key in front of it.
#[derive(Clone, Debug)]
pub struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value without its places.
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(nodes) => Value::Array(nodes.iter().map(Node::value).collect()),
            Content::Map(entries) => Value::Object(as_object(entries)),
        }
    }

    /// The entries of a map; an empty value is an empty map, as in Digdag.
    pub fn entries(&self) -> Option<&[(String, Node)]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            Content::Scalar(Value::Null) => Some(&[]),
            _ => None,
        }
    }

    /// Calls `visit` with every text in this value, and its place.
    pub fn texts(&self, visit: &mut impl FnMut(&Place, &str) -> Result<(), Failure>) -> Result<(), Failure> {
        match &self.content {
            Content::Scalar(Value::String(text)) => visit(&self.place, text),
            Content::Scalar(_) => Ok(()),
            Content::List(nodes) => nodes.iter().try_for_each(|node| node.texts(visit)),
            Content::Map(entries) => entries.iter().try_for_each(|(_, node)| node.texts(visit)),
        }
    }
}

/// The entries as a JSON object, in their order.
pub fn as_object(entries: &[(String, Node)]) -> Map<String, Value> {
    entries.iter().map(|(key, node)| (key.clone(), node.value())).collect()
}

/// Reads a YAML text; `file` is what messages call it.
///
/// # Errors
/// The text is not YAML, gives a key twice, or uses a tag other than `!include`.
pub fn parse(file: &str, text: &str) -> Result<Node, Failure> {
    let file: Arc<str> = file.into();
    let hint = "correct the file; YAML wants spaces (no tabs) and the same indentation for keys of one level";
    let raw: Raw = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Place { file: Arc::clone(&file), line }.refuse(format!("not YAML: {message}"), hint)
    })?;
    Lines { file, lines: text.lines().collect(), line: 0, column: 0 }.node(raw, 1)
}

/// What the parser saw, keys that come twice included.
enum Raw {
    Scalar(Value),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
    Tagged(String, Box<Raw>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Raw, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(Raw::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Raw, A::Error> {
        let (tag, value) = tagged.variant::<String>()?;
        Ok(Raw::Tagged(tag.trim_start_matches('!').to_owned(), Box::new(value.newtype_variant()?)))
    }
}

struct Lines<'a> {
    file: Arc<str>,
    lines: Vec<&'a str>,
    line: usize,
    column: usize,
}

impl Lines<'_> {
    fn place(&self, line: usize) -> Place {
        Place { file: Arc::clone(&self.file), line }
    }

    fn node(&mut self, raw: Raw, line: usize) -> Result<Node, Failure> {
        let content = match raw {
            Raw::Scalar(value) => Content::Scalar(value),
            Raw::List(items) => {
                Content::List(items.into_iter().map(|item| self.node(item, line)).collect::<Result<_, _>>()?)
            }
            Raw::Map(entries) => {
                let mut map: Vec<(String, Node)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.key(key, line)?;
                    let line = self.find(&key);
                    if let Some((_, first)) = map.iter().find(|(known, _)| *known == key) {
                        let message = format!("the key {key} is already given in line {}", first.place.line);
                        return Err(self.place(line).refuse(message, "remove or rename one of the two"));
                    }
                    map.push((key, self.node(value, line)?));
                }
                Content::Map(map)
            }
            Raw::Tagged(tag, _) => return Err(self.foreign_tag(&tag, line)),
        };
        Ok(Node { place: self.place(line), content })
    }

    fn key(&self, key: Raw, line: usize) -> Result<String, Failure> {
        match key {
            Raw::Scalar(Value::String(text)) if text == "<<" => {
                Err(self.place(line).refuse("the merge key << is not supported", "write the keys out"))
            }
            Raw::Scalar(Value::String(text)) => Ok(text),
            Raw::Scalar(value) => Ok(value.to_string()),
            Raw::Tagged(tag, value) if tag == "include" && matches!(*value, Raw::Scalar(Value::Null)) => {
                Ok(INCLUDE.to_owned())
            }
            Raw::Tagged(tag, _) => Err(self.foreign_tag(&tag, line)),
            Raw::List(_) | Raw::Map(_) => Err(self.place(line).refuse("a key that is no text", "write a plain key")),
        }
    }

    fn foreign_tag(&self, tag: &str, line: usize) -> Failure {
        let hint = "the only tag is !include, with a space in front of its colon: !include : 'file.yml'";
        self.place(line).refuse(format!("the YAML tag !{tag} is not supported here"), hint)
    }

    /// The line of `key`, counted from 1. The next search starts behind it.
    fn find(&mut self, key: &str) -> usize {
        for (index, line) in self.lines.iter().enumerate().skip(self.line) {
            if line.trim_start().starts_with('#') {
                continue;
            }
            let mut from = if index == self.line { self.column } else { 0 };
            while let Some(at) = line.get(from..).and_then(|rest| rest.find(key)).map(|offset| from + offset) {
                let end = at + key.len();
                if stands_as_key(&line[..at], &line[end..]) {
                    (self.line, self.column) = (index, end);
                    return index + 1;
                }
                from = if key.is_empty() { line.len() + 1 } else { end };
            }
        }
        self.line + 1
    }
}

fn stands_as_key(before: &str, after: &str) -> bool {
    let before = before.strip_suffix(['"', '\'']).unwrap_or(before).trim_end();
    let after = after.strip_prefix(['"', '\'']).unwrap_or(after).trim_start();
    (before.is_empty() || before.ends_with(['{', ',', '-', '?']))
        && after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '{', '[', '"']))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, usize)> {
        fn walk(node: &Node, found: &mut Vec<(String, usize)>) {
            match &node.content {
                Content::Map(entries) => entries.iter().for_each(|(key, node)| {
                    found.push((key.clone(), node.place.line));
                    walk(node, found);
                }),
                Content::List(nodes) => nodes.iter().for_each(|node| walk(node, found)),
                Content::Scalar(_) => {}
            }
        }
        let mut found = Vec::new();
        walk(&parse("x.dig", text).unwrap(), &mut found);
        found
    }

    fn message(text: &str) -> String {
        parse("x.dig", text).unwrap_err().to_string()
    }

    #[test]
    fn keys_have_their_lines() {
        let text = "# a: comment\n_export:\n  !include : 'c.yml'\n  py: {python: [x], \"shell\": y}\n\n+a:\n  py>: a\n  # b: 1\n  b: a\n+b:\n  list:\n    - py>: z\n";
        let expected = [
            ("_export", 2),
            ("!include", 3),
            ("py", 4),
            ("python", 4),
            ("shell", 4),
            ("+a", 6),
            ("py>", 7),
            ("b", 9),
            ("+b", 10),
            ("list", 11),
            ("py>", 12),
        ];
        assert_eq!(lines(text), expected.map(|(key, line)| (key.to_owned(), line)));
    }

    #[test]
    fn the_same_key_in_sibling_tasks_is_told_apart() {
        assert_eq!(lines("+a:\n  py>: +b\n+b:\n  py>: x\n").iter().map(|(_, l)| *l).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_key_given_twice_is_named_with_both_lines() {
        assert_eq!(message("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"), "x.dig:5: the key c is already given in line 3");
    }

    #[test]
    fn broken_yaml_is_named_with_its_line() {
        assert_eq!(message("a: 1\nb: 2\n c: 3\n"), "x.dig:3: not YAML: mapping values are not allowed in this context");
    }

    #[test]
    fn tags_and_merge_keys_are_refused() {
        assert_eq!(message("a: !env X\n"), "x.dig:1: the YAML tag !env is not supported here");
        assert_eq!(message("a: &x {b: 1}\nc:\n  <<: *x\n"), "x.dig:2: the merge key << is not supported");
    }

    #[test]
    fn types_are_those_of_yaml_1_2() {
        let node = parse("x", "a: 2026-11\nb: 010\nc: yes\nd: 1.5\ne: ~\nf: True\n").unwrap();
        let expected = serde_json::json!({"a": "2026-11", "b": "010", "c": "yes", "d": 1.5, "e": null, "f": true});
        assert_eq!(node.value(), expected);
    }
}
