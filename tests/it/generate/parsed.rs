//! The elements and attributes of a dump, regardless of their order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Path of an element (`artist/members/name`) or attribute (`artist/members/name@id`) below the root → its values.
#[derive(Default)]
pub struct Parsed {
    pub values: BTreeMap<String, Vec<String>>,
}

impl Parsed {
    pub fn of(path: &Path) -> Self {
        Parsed::of_text(&text(path))
    }

    /// Panics if the text is not well-formed.
    pub fn of_text(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let mut parsed = Parsed::default();
        let mut open: Vec<(String, String)> = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(start) => {
                    let path = parsed.enter(&open, &start);
                    open.push((path, String::new()));
                }
                Event::Empty(start) => {
                    let path = parsed.enter(&open, &start);
                    parsed.add(path, String::new());
                }
                Event::End(_) => {
                    let (path, text) = open.pop().expect("an element is open");
                    parsed.add(path, text);
                }
                Event::Text(part) => push(&mut open, &part.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().expect("a character") {
                    Some(letter) => push(&mut open, letter.encode_utf8(&mut [0; 4])),
                    None => push(&mut open, resolve_xml_entity(&reference.xml10_content()).expect("a named entity")),
                },
                Event::Eof => break,
                other => panic!("dumps hold nothing like {other:?}"),
            }
        }
        assert!(open.is_empty(), "the root is closed");
        parsed
    }

    fn enter(&mut self, open: &[(String, String)], start: &BytesStart) -> String {
        let name = start.name().as_ref().to_owned();
        let path = match open {
            [] => String::new(),
            [_root] => name,
            [.., (parent, _)] => format!("{parent}/{name}"),
        };
        for attribute in start.attributes() {
            let attribute = attribute.expect("an attribute");
            let key = attribute.key.as_ref().to_owned();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("a value").into_owned();
            self.add(format!("{path}@{key}"), value);
        }
        path
    }

    fn add(&mut self, path: String, value: String) {
        self.values.entry(path).or_default().push(value);
    }

    pub fn has(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }

    pub fn all(&self, path: &str) -> &[String] {
        self.values.get(path).map_or(&[], Vec::as_slice)
    }

    pub fn count(&self, path: &str) -> usize {
        self.all(path).len()
    }

    /// Returns how many values at `path` satisfy the condition, per mille of `of`.
    pub fn share(&self, path: &str, of: usize, is: impl Fn(&str) -> bool) -> usize {
        self.all(path).iter().filter(|value| is(value)).count() * 1000 / of
    }
}

fn push(open: &mut [(String, String)], text: &str) {
    if let Some((_, content)) = open.last_mut() {
        content.push_str(text);
    }
}

pub fn text(path: &Path) -> String {
    let mut text = String::new();
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip and UTF-8");
    text
}
