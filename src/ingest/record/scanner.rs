//! A tokeniser for the subset of XML that Discogs writes: tags, attributes in double quotes, texts, references.
//!
//! Other XML (comments, CDATA, processing instructions, single quotes, names beyond ASCII, unusual white space) causes
//! the error [`Scanner::UNFAMILIAR`], and [`super::Reference`] has to read the block. For XML in the subset, both
//! return the same tokens, and any block that is malformed for the scanner is malformed for the reference.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attribute as RawAttribute;
use quick_xml::events::{BytesRef, BytesText};
use quick_xml::name::QName;

use super::token::{Attribute, Malformed, Token, Tokens};
use super::{characters, message};

/// Limit of the attributes of a tag; Discogs has five at most. The limit bounds the quadratic comparison of their
/// names.
const MAX_ATTRIBUTES: usize = 16;

/// A tokeniser for the subset of XML that Discogs writes.
pub struct Scanner<'b> {
    text: &'b str,
    at: usize,
    /// Names of the open elements.
    open: Vec<&'b str>,
    attributes: Vec<Attribute<'b>>,
    close_empty: bool,
}

impl<'b> Scanner<'b> {
    /// The message for XML outside of the subset, which may be well-formed.
    pub const UNFAMILIAR: &'static str = "XML as Discogs does not write it";

    /// Returns a tokeniser of a block.
    pub fn new(text: &'b str) -> Self {
        Scanner { text, at: 0, open: Vec::with_capacity(16), attributes: Vec::with_capacity(8), close_empty: false }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    #[cold]
    fn malformed(&self, what: &str) -> Malformed {
        Malformed::new(self.at, what)
    }

    #[cold]
    fn unfamiliar(&self) -> Malformed {
        self.malformed(Self::UNFAMILIAR)
    }

    /// Reads the text up to the next tag.
    #[inline]
    fn read_text(&mut self) -> Result<Token<'b>, Malformed> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = plain_length(rest);
        if rest.get(length).is_none_or(|byte| *byte == b'<') {
            let text = &self.text[self.at..self.at + length];
            self.at += length;
            return Ok(Token::Text(Cow::Borrowed(text)));
        }
        self.read_text_in_pieces()
    }

    /// Like `read_text`, for a text with references or carriage returns.
    fn read_text_in_pieces(&mut self) -> Result<Token<'b>, Malformed> {
        // A reference is longer than its character, so this capacity suffices.
        let bytes = &self.text.as_bytes()[self.at..];
        let mut text = String::with_capacity(memchr(b'<', bytes).unwrap_or(bytes.len()));
        loop {
            let rest = &self.text[self.at..];
            let length = memchr2(b'<', b'&', rest.as_bytes()).unwrap_or(rest.len());
            let (piece, rest) = rest.split_at(length);
            text.push_str(&BytesText::from_escaped(piece).xml10_content());
            self.at += length;
            if !rest.starts_with('&') {
                return Ok(Token::Text(Cow::Owned(text)));
            }
            let end = memchr::memchr3(b';', b'&', b'<', &rest.as_bytes()[1..]).map(|end| end + 1);
            let Some(end) = end.filter(|end| rest.as_bytes()[*end] == b';') else {
                return Err(self.malformed("an `&` that begins no reference"));
            };
            self.resolve(&rest[1..end], &mut text)?;
            self.at += end + 1;
        }
    }

    /// Appends the character of a reference.
    fn resolve(&self, reference: &str, text: &mut String) -> Result<(), Malformed> {
        if let Some(known) = resolve_predefined_entity(reference) {
            text.push_str(known);
            return Ok(());
        }
        match BytesRef::new(reference).resolve_char_ref() {
            Ok(Some(character)) if characters::is_valid(character) => text.push(character),
            Ok(None) => return Err(self.malformed("an entity that XML does not know")),
            Ok(Some(_)) | Err(_) => return Err(self.malformed(message::REFERENCE_TO_NO_CHARACTER)),
        }
        Ok(())
    }

    #[inline(always)]
    fn read_end_tag(&mut self) -> Result<Token<'b>, Malformed> {
        let start = self.at + 2;
        let Some(name) = self.open.last() else { return Err(self.malformed("an end tag that closes nothing")) };
        let Some(end) = self.end_of_end_tag(start, name) else { return Err(self.wrong_end_tag(start)) };
        self.open.pop();
        self.at = end;
        Ok(Token::Close)
    }

    /// Returns the end of the end tag whose name begins at `start`, if `name` and `>` are there.
    #[inline]
    fn end_of_end_tag(&self, start: usize, name: &str) -> Option<usize> {
        let rest = self.text.as_bytes().get(start..)?;
        let (found, rest) = rest.split_at_checked(name.len())?;
        (rest.first() == Some(&b'>') && is_same(found, name.as_bytes())).then_some(start + name.len() + 1)
    }

    #[cold]
    fn wrong_end_tag(&self, start: usize) -> Malformed {
        let end = self.name_end(start);
        if end > start && self.byte(end) == Some(b'>') {
            return self.malformed("an end tag of another element");
        }
        self.unfamiliar()
    }

    #[inline(always)]
    fn read_start_tag(&mut self) -> Result<Token<'b>, Malformed> {
        let start = self.at + 1;
        let end = self.name_end(start);
        if end == start {
            return Err(self.unfamiliar());
        }
        let name = &self.text[start..end];
        let mut at = end;
        if self.byte(at) == Some(b' ') {
            at = self.read_attributes(at)?;
        }
        match self.byte(at) {
            Some(b'>') => {
                self.open.push(name);
                self.at = at + 1;
            }
            Some(b'/') if self.byte(at + 1) == Some(b'>') => {
                self.close_empty = true;
                self.at = at + 2;
            }
            _ => return Err(self.unfamiliar()),
        }
        Ok(Token::Open(name))
    }

    /// Reads a sequence of ` name="value"`; returns its end.
    fn read_attributes(&mut self, mut at: usize) -> Result<usize, Malformed> {
        while self.byte(at) == Some(b' ') {
            let start = at + 1;
            let end = self.name_end(start);
            if end == start {
                // `<a >`, `<a />` and two spaces are well-formed but unusual.
                return Err(self.unfamiliar());
            }
            if self.text.as_bytes().get(end..end + 2) != Some(b"=\"") || self.attributes.len() == MAX_ATTRIBUTES {
                return Err(self.unfamiliar());
            }
            let name = &self.text[start..end];
            if self.attributes.iter().any(|(other, _)| *other == name) {
                return Err(self.malformed(message::DUPLICATE_ATTRIBUTE));
            }
            let value_start = end + 2;
            let Some(length) = memchr(b'"', &self.text.as_bytes()[value_start..]) else {
                return Err(self.malformed("an attribute without its closing quote"));
            };
            let raw = &self.text[value_start..value_start + length];
            let value = self.attribute_value(raw)?;
            self.attributes.push((name, value));
            at = value_start + length + 1;
        }
        Ok(at)
    }

    #[inline]
    fn attribute_value(&self, raw: &'b str) -> Result<Cow<'b, str>, Malformed> {
        // Without an early end the compiler compares sixteen bytes at once.
        let plain = raw.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'&'));
        if plain {
            return Ok(Cow::Borrowed(raw));
        }
        let attribute = RawAttribute { key: QName(""), value: Cow::Borrowed(raw) };
        characters::attribute_value(&attribute).map_err(|what| self.malformed(what))
    }

    /// Returns the end of the name that begins at `start`; returns `start` if no name does.
    #[inline]
    fn name_end(&self, start: usize) -> usize {
        let bytes = &self.text.as_bytes()[start..];
        match bytes.first() {
            Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {}
            _ => return start,
        }
        let length = bytes.iter().position(|byte| !IS_NAME[usize::from(*byte)]).unwrap_or(bytes.len());
        start + length
    }
}

impl<'b> Tokens<'b> for Scanner<'b> {
    #[inline(always)]
    fn next(&mut self) -> Result<Token<'b>, Malformed> {
        self.attributes.clear();
        if std::mem::take(&mut self.close_empty) {
            return Ok(Token::Close);
        }
        match self.byte(self.at) {
            Some(b'<') => match self.byte(self.at + 1) {
                Some(b'/') => self.read_end_tag(),
                _ => self.read_start_tag(),
            },
            Some(_) => {
                if self.at == 0 && self.text.starts_with('\u{feff}') {
                    // A byte order mark at the start of a document is not text.
                    return Err(self.unfamiliar());
                }
                self.read_text()
            }
            None => Ok(Token::End),
        }
    }

    #[inline]
    fn plain_text(&mut self) -> Option<&'b str> {
        let name = self.open.last().filter(|_| !self.close_empty)?;
        let end = self.at + plain_length(&self.text.as_bytes()[self.at..]);
        if self.text.as_bytes().get(end..end + 2) != Some(b"</") {
            return None;
        }
        let behind = self.end_of_end_tag(end + 2, name)?;
        let text = &self.text[self.at..end];
        self.open.pop();
        self.attributes.clear();
        self.at = behind;
        Some(text)
    }

    #[inline]
    fn attributes(&mut self) -> &mut Vec<Attribute<'b>> {
        &mut self.attributes
    }

    fn offset(&self) -> usize {
        self.at
    }
}

/// Returns the number of bytes before the first tag, reference or carriage return.
///
/// Most texts are a few bytes long, and a call of memchr costs more than a comparison of eight bytes at once, so only
/// longer texts use memchr.
#[inline]
fn plain_length(text: &[u8]) -> usize {
    let mut at = 0;
    while at < SHORT {
        let Some(word) = text.get(at..at + 8).and_then(|word| word.try_into().ok()) else { break };
        let word = u64::from_le_bytes(word);
        let found = zero_bytes(word ^ (EACH * b'<' as u64))
            | zero_bytes(word ^ (EACH * b'&' as u64))
            | zero_bytes(word ^ (EACH * b'\r' as u64));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &text[at..];
    at + memchr::memchr3(b'<', b'&', b'\r', rest).unwrap_or(rest.len())
}

/// Bytes that are compared without memchr.
const SHORT: usize = 32;

/// A word whose bytes are all 1.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Returns a word with the high bit of each zero byte set; bits above the lowest zero byte may be set in error.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & (EACH << 7)
}

/// Returns whether two names are equal. For short names, two comparisons of words cost less than a call of memcmp.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && match one.len() {
            4..=8 => one.first_chunk::<4>() == other.first_chunk() && one.last_chunk::<4>() == other.last_chunk(),
            9..=16 => one.first_chunk::<8>() == other.first_chunk() && one.last_chunk::<8>() == other.last_chunk(),
            _ => one == other,
        }
}

/// The bytes of names in the dumps.
const IS_NAME: [bool; 256] = {
    let mut is_name = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        is_name[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b'.' | b':');
        byte += 1;
    }
    is_name
};
