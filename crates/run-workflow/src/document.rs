//! YAML with the line of every key: a tree built from the parser's events, which carry their positions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::scalar;
use digdag_task::Failure;

/// The most values in a file, aliased values counted once per alias: nested aliases multiply, and ten lines of them
/// would fill the memory.
const MAX_VALUES: usize = 100_000;

/// The key that represents `!include :` in the tree.
pub const INCLUDE: &str = "!include";

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl Place {
    /// Returns the failure for something at this place that is not supported or not allowed.
    pub fn refuse(&self, message: impl fmt::Display, hint: impl Into<String>) -> Failure {
        Failure::parameters(format!("{self}: {message}")).hint(hint)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and the line of its key.
#[derive(Clone, Debug)]
pub struct Node {
    /// The first line of the node.
    pub place: Place,
    /// The value.
    pub content: Content,
}

/// The content of a value: a scalar, a list, or a map in the order of the file.
#[derive(Clone, Debug)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Returns the value without its lines.
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(nodes) => Value::Array(nodes.iter().map(Node::value).collect()),
            Content::Map(entries) => Value::Object(as_object(entries)),
        }
    }

    /// Counts the values inside this one.
    fn count(&self) -> usize {
        match &self.content {
            Content::Scalar(_) => 0,
            Content::List(nodes) => nodes.iter().map(|node| 1 + node.count()).sum(),
            Content::Map(entries) => entries.iter().map(|(_, node)| 1 + node.count()).sum(),
        }
    }

    /// Returns whether this is an empty value or an empty map, which Digdag treats alike.
    pub fn is_empty(&self) -> bool {
        self.entries().is_some_and(<[_]>::is_empty)
    }

    /// Returns the entries of a map; an empty value is an empty map, as in Digdag.
    pub fn entries(&self) -> Option<&[(String, Node)]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            Content::Scalar(Value::Null) => Some(&[]),
            _ => None,
        }
    }

    /// Calls `visit` with the place and the content of every text in this value.
    ///
    /// # Errors
    /// Returns the first error of `visit`.
    pub fn texts(&self, visit: &mut impl FnMut(&Place, &str) -> Result<(), Failure>) -> Result<(), Failure> {
        match &self.content {
            Content::Scalar(Value::String(text)) => visit(&self.place, text),
            Content::Scalar(_) => Ok(()),
            Content::List(nodes) => nodes.iter().try_for_each(|node| node.texts(visit)),
            Content::Map(entries) => entries.iter().try_for_each(|(_, node)| node.texts(visit)),
        }
    }
}

/// Returns the entries as a JSON object, in their order.
pub fn as_object(entries: &[(String, Node)]) -> Map<String, Value> {
    entries.iter().map(|(key, node)| (key.clone(), node.value())).collect()
}

/// Parses a YAML text; messages call it `file`.
///
/// # Errors
/// Returns an error if the text is not YAML, has a key twice or an empty one, or uses a tag other than `!include`.
pub fn parse(file: &str, text: &str) -> Result<Node, Failure> {
    let mut reader =
        Reader { file: file.into(), parser: Parser::new_from_str(text), anchors: BTreeMap::new(), values: 0 };
    let root = match reader.next()? {
        (Event::StreamEnd, _) => return Ok(Node { place: reader.place(1), content: Content::Scalar(Value::Null) }),
        (event, span) => reader.node(event, span, 1)?,
    };
    match reader.next()? {
        (Event::StreamEnd, _) => Ok(root),
        (_, span) => Err(reader
            .place(span.start.line())
            .refuse("a second document", "write one document a file: remove the ---")),
    }
}

struct Reader<'t> {
    file: Arc<str>,
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Node>,
    values: usize,
}

impl<'t> Reader<'t> {
    fn place(&self, line: usize) -> Place {
        Place { file: Arc::clone(&self.file), line }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Failure> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => return Err(self.not_yaml(&error)),
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn not_yaml(&self, error: &ScanError) -> Failure {
        let hint = "correct the file; YAML wants spaces (no tabs) and the same indentation for keys of one level";
        self.place(error.marker().line()).refuse(format!("not YAML: {}", error.info()), hint)
    }

    /// Parses the value that begins with an event; its key is in `line`.
    fn node(&mut self, event: Event<'t>, span: Span, line: usize) -> Result<Node, Failure> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.place(line).refuse("too many values", "a workflow is a few pages; split it"));
        }
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.no_tag(tag.as_deref(), line)?;
                (Content::Scalar(self.scalar(&text, style, line)?), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.no_tag(tag.as_deref(), line)?;
                (Content::List(self.list(line)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.no_tag(tag.as_deref(), line)?;
                (Content::Map(self.map()?), anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).map(|node| (node.content.clone(), node.count()));
                let Some((content, values)) = known else {
                    return Err(self.place(span.start.line()).refuse("an alias within its own value", "write it out"));
                };
                self.values += values;
                (content, 0)
            }
            _ => return Err(self.place(span.start.line()).refuse("not YAML: a value is missing", "correct the file")),
        };
        let node = Node { place: self.place(line), content };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, line: usize) -> Result<Vec<Node>, Failure> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, line)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<(String, Node)>, Failure> {
        let mut map: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(map);
            }
            let line = span.start.line();
            let key = self.key(event, line)?;
            if let Some((_, first)) = map.iter().find(|(known, _)| *known == key) {
                let message = format!("the key {key} is already given in line {}", first.place.line);
                return Err(self.place(line).refuse(message, "remove or rename one of the two"));
            }
            let (event, span) = self.next()?;
            map.push((key, self.node(event, span, line)?));
        }
    }

    fn key(&self, event: Event<'_>, line: usize) -> Result<String, Failure> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, Some(tag))
                if is_include(&tag) && matches!(&*text, "" | "~" | "null") =>
            {
                Ok(INCLUDE.to_owned())
            }
            Event::Scalar(text, style, _, tag) => {
                self.no_tag(tag.as_deref(), line)?;
                if text == "<<" && style == ScalarStyle::Plain {
                    return Err(self.place(line).refuse("the merge key << is not supported", "write the keys out"));
                }
                let value = self.scalar(&text, style, line)?;
                let name = match &value {
                    Value::String(text) => return Ok(text.clone()),
                    Value::Null => {
                        return Err(self.place(line).refuse("a key is empty", "name it, or quote it if it is text"));
                    }
                    value => value.to_string(),
                };
                // Digdag writes 010 as 8 and 1e3 as 1000.0.
                if name != text.to_ascii_lowercase() {
                    let hint = "quote it to have it as text";
                    return Err(self.place(line).refuse(format!("the key {text} is a number"), hint));
                }
                Ok(name)
            }
            _ => Err(self.place(line).refuse("a key is not text", "write a plain key")),
        }
    }

    /// Returns the value of a scalar; only a plain one can be other than text.
    fn scalar(&self, text: &str, style: ScalarStyle, line: usize) -> Result<Value, Failure> {
        if style != ScalarStyle::Plain {
            return Ok(text.into());
        }
        let refuse = |message| self.place(line).refuse(message, "quote it to have it as text");
        scalar::resolve(text).map_err(refuse)
    }

    fn no_tag(&self, tag: Option<&Tag>, line: usize) -> Result<(), Failure> {
        let Some(tag) = tag else { return Ok(()) };
        let hint = "the only tag is !include, with a space in front of its colon: !include : 'file.yml'";
        Err(self.place(line).refuse(format!("the YAML tag {}{} is not supported here", tag.handle, tag.suffix), hint))
    }
}

fn is_include(tag: &Tag) -> bool {
    (tag.handle.as_str(), tag.suffix.as_str()) == ("!", "include")
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
    fn a_text_that_looks_like_a_key_is_none() {
        let text = "a: |\n  b: 1\nb: >\n  c: 2\nc: 'd: 3'\n\"d\": \"e\"\n";
        assert_eq!(lines(text), [("a", 1), ("b", 3), ("c", 5), ("d", 6)].map(|(key, line)| (key.to_owned(), line)));
    }

    #[test]
    fn an_alias_is_its_value_and_many_are_refused() {
        let node = parse("x", "a: &x {b: [1, 2]}\nc: *x\n").unwrap();
        assert_eq!(node.value(), serde_json::json!({"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}));
        assert_eq!(message("a: &x [*x]\n"), "x.dig:1: an alias within its own value");
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let below = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
        }
        assert_eq!(message(&bomb), "x.dig:5: too many values");
    }

    #[test]
    fn a_file_is_one_document() {
        assert_eq!(message("a: 1\n---\nb: 2\n"), "x.dig:3: a second document");
        assert_eq!(parse("x.dig", "# nothing\n").unwrap().value(), Value::Null);
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
        assert_eq!(message("a: &x {b: 1}\nc:\n  <<: *x\n"), "x.dig:3: the merge key << is not supported");
    }

    #[test]
    fn only_plain_scalars_are_other_than_text() {
        let node = parse("x", "a: 010\nb: '010'\nc: |-\n  010\nd: [0.5, 1.5]\n").unwrap();
        assert_eq!(node.value(), serde_json::json!({"a": 8, "b": "010", "c": "010", "d": ["0.5", 1.5]}));
        assert_eq!(message("a:\n  b: 100000000000000000000\n").split_once(": ").unwrap().0, "x.dig:2");
    }

    #[test]
    fn keys_are_text() {
        let node = parse("x", "1: a\ntrue: b\n1.5: c\n").unwrap();
        assert_eq!(node.value(), serde_json::json!({"1": "a", "true": "b", "1.5": "c"}));
        assert_eq!(message("a: 1\n~: b\n"), "x.dig:2: a key is empty");
        assert_eq!(message("010: b\n"), "x.dig:1: the key 010 is a number");
    }
}
