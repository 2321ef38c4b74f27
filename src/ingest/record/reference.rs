//! A tokeniser for any XML, by quick-xml: the reference for [`super::Scanner`].

use std::borrow::Cow;
use std::collections::HashSet;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::token::{Attribute, Malformed, Token, Tokens};
use super::{characters, message};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Limit of the attributes of an element; Discogs has five at most. The limit keeps a hostile element from filling the
/// memory.
const MAX_ATTRIBUTES: usize = 1000;

/// A tokeniser for any XML, by quick-xml.
pub struct Reference<'b> {
    text: &'b str,
    reader: Reader<&'b [u8]>,
    /// Bytes that the parser's positions do not include.
    uncounted: usize,
    attributes: Vec<Attribute<'b>>,
    /// The event that ended a text, with its offset. It becomes the next token.
    pending: Option<(Event<'b>, usize)>,
    close_empty: bool,
}

impl<'b> Reference<'b> {
    /// Returns a tokeniser of a block.
    pub fn new(text: &'b str) -> Self {
        let reader = Reader::from_str(text);
        // The parser skips a byte order mark and does not count it.
        let uncounted = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Reference { text, reader, uncounted, attributes: Vec::new(), pending: None, close_empty: false }
    }

    fn position(&self) -> usize {
        self.uncounted + self.reader.buffer_position() as usize
    }

    fn event(&mut self) -> Result<(Event<'b>, usize), Malformed> {
        if let Some(pending) = self.pending.take() {
            return Ok(pending);
        }
        let offset = self.position();
        match self.reader.read_event() {
            Ok(event) => Ok((event, offset)),
            Err(error) => {
                let offset = self.uncounted + self.reader.error_position() as usize;
                Err(Malformed::new(offset, message::of_parser(&error)))
            }
        }
    }

    /// Reads the attributes of a start tag.
    fn open(&mut self, tag: &BytesStart<'b>, offset: usize) -> Result<Token<'b>, Malformed> {
        // A slice of the block, because the event's own borrow does not live long enough.
        let name_at = offset + 1;
        let name = &self.text[name_at..name_at + tag.name().as_ref().len()];
        // The parser's own check compares each name with all before it, which is quadratic; a set is not.
        let mut names = HashSet::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| Malformed::new(offset, message::of_attribute(&error)))?;
            if self.attributes.len() == MAX_ATTRIBUTES {
                return Err(Malformed::new(offset, format!("more than {MAX_ATTRIBUTES} attributes in one element")));
            }
            let key = self.in_block(attribute.key.as_ref(), offset)?;
            if !names.insert(key) {
                return Err(Malformed::new(offset, message::DUPLICATE_ATTRIBUTE));
            }
            let value = characters::attribute_value(&attribute).map_err(|what| Malformed::new(offset, what))?;
            self.attributes.push((key, Cow::Owned(value.into_owned())));
        }
        Ok(Token::Open(name))
    }

    /// Returns `part`, which the parser borrows from the block, with the lifetime of the block.
    fn in_block(&self, part: &str, offset: usize) -> Result<&'b str, Malformed> {
        let at = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        let found = at.checked_add(part.len()).and_then(|end| self.text.get(at..end));
        found.filter(|found| *found == part).ok_or_else(|| Malformed::new(offset, "an attribute without a name"))
    }

    /// Joins the text up to the next tag.
    fn gather(&mut self, first: Cow<'b, str>) -> Result<Token<'b>, Malformed> {
        let mut text = first;
        loop {
            let (event, offset) = self.event()?;
            match event {
                Event::Text(more) => append(&mut text, more.xml10_content().into_owned().into()),
                Event::CData(more) => append(&mut text, more.xml10_content().into_owned().into()),
                Event::GeneralRef(reference) => append(&mut text, resolve(&reference, offset)?),
                Event::Comment(_) | Event::PI(_) => {}
                other => {
                    self.pending = Some((other, offset));
                    return Ok(Token::Text(text));
                }
            }
        }
    }
}

impl<'b> Tokens<'b> for Reference<'b> {
    fn next(&mut self) -> Result<Token<'b>, Malformed> {
        self.attributes.clear();
        if std::mem::take(&mut self.close_empty) {
            return Ok(Token::Close);
        }
        loop {
            let (event, offset) = self.event()?;
            return match event {
                Event::Start(tag) => self.open(&tag, offset),
                Event::Empty(tag) => {
                    self.close_empty = true;
                    self.open(&tag, offset)
                }
                Event::End(_) => Ok(Token::Close),
                Event::Text(text) => {
                    let first = if text.contains('\r') {
                        Cow::Owned(text.xml10_content().into_owned())
                    } else {
                        text.into_inner()
                    };
                    self.gather(first)
                }
                Event::CData(text) => self.gather(Cow::Owned(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => {
                    let first = resolve(&reference, offset)?;
                    self.gather(first)
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Decl(_) => Err(Malformed::new(offset, "an XML declaration inside the document")),
                Event::DocType(_) => Err(Malformed::new(offset, "a document type declaration; none is accepted")),
                Event::Eof => Ok(Token::End),
            };
        }
    }

    fn attributes(&mut self) -> &mut Vec<Attribute<'b>> {
        &mut self.attributes
    }

    fn offset(&self) -> usize {
        self.pending.as_ref().map_or(self.position(), |(_, offset)| *offset)
    }
}

/// Appends to a text; an empty text needs no copy.
fn append<'b>(text: &mut Cow<'b, str>, more: Cow<'b, str>) {
    if text.is_empty() {
        *text = more;
    } else {
        text.to_mut().push_str(&more);
    }
}

/// Returns the text of a reference.
fn resolve<'b>(reference: &BytesRef<'b>, offset: usize) -> Result<Cow<'b, str>, Malformed> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) if characters::is_valid(character) => return Ok(Cow::Owned(character.to_string())),
        Ok(Some(_)) => return Err(Malformed::new(offset, message::REFERENCE_TO_NO_CHARACTER)),
        Ok(None) => {}
        Err(error) => return Err(Malformed::new(offset, message::of_parser(&error))),
    }
    match resolve_predefined_entity(reference) {
        Some(text) => Ok(Cow::Borrowed(text)),
        None => Err(Malformed::new(offset, "an entity that XML does not know")),
    }
}
