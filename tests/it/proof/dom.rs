//! XML as a tree, by another parser than the product's.

/// An element, with what stands directly in it.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

/// A whole document. Gives its root.
pub fn parse(xml: &str) -> Element {
    // As XML 1.0 has it in 2.11. The parser does it too, but not where a reference follows a carriage return.
    let xml = without_invalid(&xml.replace("\r\n", "\n").replace('\r', "\n"));
    let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    Element::of(document.root_element())
}

/// A document in which the characters that XML 1.0 does not have are replaced, raw and as references alike: by U+FFFD, the
/// separators U+001C to U+001F by a blank.
fn without_invalid(xml: &str) -> String {
    let mut valid = String::new();
    let mut rest = xml;
    while let Some(first) = rest.chars().next() {
        let section = [("<!--", "-->"), ("<![CDATA[", "]]>")].into_iter().find(|(start, _)| rest.starts_with(start));
        let (passed, text) = match section.and_then(|(_, end)| rest.find(end).map(|at| at + end.len())) {
            // A reference in it is none.
            Some(end) => (end, rest[..end].chars().map(replaced).collect()),
            None => match referred(rest) {
                Some((length, c)) if replaced(c) != c => (length, replaced(c).to_string()),
                _ => (first.len_utf8(), replaced(first).to_string()),
            },
        };
        valid.push_str(&text);
        rest = &rest[passed..];
    }
    valid
}

fn replaced(c: char) -> char {
    match u32::from(c) {
        0x1c..=0x1f => ' ',
        0..=0x8 | 0xb..=0xc | 0xe..=0x1b | 0xfffe..=0xffff => '\u{fffd}',
        _ => c,
    }
}

/// The length and the character of the numeric reference at the start of a text.
fn referred(text: &str) -> Option<(usize, char)> {
    let (number, _) = text.strip_prefix("&#")?.split_once(';')?;
    let value = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    Some((number.len() + 3, char::from_u32(value.ok()?)?))
}

impl Element {
    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        Element {
            name: node.tag_name().name().to_owned(),
            attributes: node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
            // A comment in the middle parts a text in two.
            text: node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect(),
            children: node.children().filter(|child| child.is_element()).map(Element::of).collect(),
        }
    }

    /// The text that stands directly in it, trimmed; none if nothing is left.
    pub fn text(&self) -> Option<&str> {
        stripped(&self.text)
    }

    /// An attribute's value, trimmed; none if it is absent or nothing is left.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The attributes that hold something.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().filter_map(|(name, value)| Some((name.as_str(), stripped(value)?)))
    }

    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.children.iter()
    }

    pub fn named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children().filter(move |child| child.name == name)
    }

    /// The entries of a list; a list that stands twice is read on.
    pub fn entries<'e>(&'e self, container: &'e str, entry: &'e str) -> impl Iterator<Item = &'e Element> {
        self.named(container).flat_map(move |container| container.named(entry))
    }

    /// The text of a child that should stand once: the first that is not empty.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.children().filter(|child| child.name == name).find_map(Element::text)
    }

    /// The texts of a list, without the empty ones.
    pub fn texts<'e>(&'e self, container: &'e str, entry: &'e str) -> Vec<&'e str> {
        self.entries(container, entry).filter_map(Element::text).collect()
    }
}

/// Python's `str.strip`: White_Space of Unicode, and the four separators that Python counts to it.
fn stripped(text: &str) -> Option<&str> {
    let white = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    Some(text.trim_matches(white)).filter(|text| !text.is_empty())
}
