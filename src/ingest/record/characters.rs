//! Replaces characters that no table may have: bytes that are not UTF-8, and characters that XML 1.0 does not have.
//!
//! A block is repaired before it is tokenised, so both tokenisers see the same text. Nearly every block needs no
//! repair, and the check takes about 1 % of the time of tokenising.

use std::borrow::Cow;

use memchr::{memchr_iter, memmem};
use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;

use super::message;

/// The character in place of an invalid one.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Bytes tested at once: small enough to stop early, large enough for the compiler to use vector instructions.
const CHUNK_BYTES: usize = 4096;

/// The text of a block, without characters that no table may have.
pub struct Repaired<'b> {
    /// The text.
    pub text: Cow<'b, str>,
    /// Byte sequences that were not UTF-8.
    pub invalid_utf8: u64,
    /// Characters, raw or as references, that XML 1.0 does not have.
    pub invalid_characters: u64,
    /// The places at which text and block differ, in order.
    edits: Vec<Edit>,
}

/// A replaced piece: the end of its replacement in the text, and its start and end in the block.
struct Edit {
    text_end: usize,
    block_start: usize,
    block_end: usize,
}

impl<'b> Repaired<'b> {
    /// Replaces the invalid bytes and characters of a block.
    ///
    /// U+001C to U+001F become a blank, because they are separators that the tables trim at the ends of a text; the
    /// rest becomes U+FFFD.
    pub fn of(block: &'b [u8]) -> Self {
        match simdutf8::basic::from_utf8(block) {
            Ok(text) if !holds_invalid(text) => {
                Repaired { text: Cow::Borrowed(text), invalid_utf8: 0, invalid_characters: 0, edits: Vec::new() }
            }
            _ => Repair::new(block.len()).run(block),
        }
    }

    /// Converts an offset in the text to an offset in the block.
    pub fn offset_in_block(&self, offset: usize) -> usize {
        let behind = self.edits.partition_point(|edit| edit.text_end <= offset);
        let next = self.edits.get(behind).map_or(usize::MAX, |edit| edit.block_start);
        match behind.checked_sub(1).map(|last| &self.edits[last]) {
            Some(edit) => (edit.block_end + offset - edit.text_end).min(next),
            None => offset.min(next),
        }
    }
}

/// Returns whether XML 1.0 has a character (its production `Char`).
pub fn is_valid(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Returns whether a raw text or attribute value has a reference to a character that XML 1.0 does not have.
fn refers_to_invalid(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), "&#").any(|at| invalid_reference(&text[at..]).is_some())
}

/// Returns the normalised value of an attribute.
///
/// # Errors
/// Returns a message, which quotes nothing of the value, if the value has an invalid reference.
pub fn attribute_value<'b>(attribute: &Attribute<'b>) -> Result<Cow<'b, str>, &'static str> {
    if refers_to_invalid(&attribute.value) {
        return Err(message::REFERENCE_TO_NO_CHARACTER);
    }
    attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| message::of_parser(&error))
}

/// Replaces the characters that XML 1.0 does not have in a text without references; returns their number.
pub fn replace_invalid(text: &mut String) -> u64 {
    let invalid = text.chars().filter(|character| !is_valid(*character)).count();
    if invalid > 0 {
        *text = text
            .chars()
            .map(|character| if is_valid(character) { character } else { replacement(character) })
            .collect();
    }
    invalid as u64
}

fn replacement(character: char) -> char {
    if matches!(character, '\x1c'..='\x1f') { ' ' } else { REPLACEMENT }
}

fn holds_invalid(text: &str) -> bool {
    let bytes = text.as_bytes();
    for start in (0..bytes.len()).step_by(CHUNK_BYTES) {
        let chunk = &bytes[start..bytes.len().min(start + CHUNK_BYTES)];
        let (mut control, mut ampersand, mut beyond) = (false, false, false);
        // Without an early end the compiler compares sixteen bytes at once.
        for byte in chunk {
            control |= (*byte < b' ') & (*byte != b'\t') & (*byte != b'\n') & (*byte != b'\r');
            ampersand |= *byte == b'&';
            beyond |= *byte == 0xef;
        }
        // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
        let is_beyond = |at: usize| matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf]));
        if control
            || (ampersand && memchr_iter(b'&', chunk).any(|at| invalid_reference(&text[start + at..]).is_some()))
            || (beyond && memchr_iter(0xef, chunk).any(|at| is_beyond(start + at)))
        {
            return true;
        }
    }
    false
}

/// Returns the length and the character of the reference at the start of a text, if XML 1.0 does not have that
/// character.
///
/// A number that is no Unicode scalar value refers to no character at all; the tokenisers report it as an error.
fn invalid_reference(text: &str) -> Option<(usize, char)> {
    let number = text.strip_prefix("&#")?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let count = digits.bytes().position(|byte| !byte.is_ascii_hexdigit())?;
    let (digits, rest) = digits.split_at(count);
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    let length = text.len() - rest.len() + 1;
    (rest.starts_with(';') && !is_valid(character)).then_some((length, character))
}

/// Start and end of sections in which `&#` starts no reference: comments, CDATA sections, processing instructions.
const SECTIONS: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// The state of a repair.
struct Repair {
    text: String,
    invalid_utf8: u64,
    invalid_characters: u64,
    edits: Vec<Edit>,
    /// The end of the current section, inside of one.
    section_end: Option<&'static str>,
}

impl Repair {
    fn new(capacity: usize) -> Self {
        Repair {
            text: String::with_capacity(capacity),
            invalid_utf8: 0,
            invalid_characters: 0,
            edits: Vec::new(),
            section_end: None,
        }
    }

    fn run<'b>(mut self, block: &[u8]) -> Repaired<'b> {
        let mut offset = 0;
        for chunk in block.utf8_chunks() {
            self.append(chunk.valid(), offset);
            offset += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                self.invalid_utf8 += 1;
                self.replace(REPLACEMENT, offset, chunk.invalid().len());
                offset += chunk.invalid().len();
            }
        }
        Repaired {
            text: Cow::Owned(self.text),
            invalid_utf8: self.invalid_utf8,
            invalid_characters: self.invalid_characters,
            edits: self.edits,
        }
    }

    fn append(&mut self, valid: &str, offset: usize) {
        let mut at = 0;
        while let Some(character) = valid[at..].chars().next() {
            let rest = &valid[at..];
            let mut length = character.len_utf8();
            let invalid = match character {
                '&' if self.section_end.is_none() => invalid_reference(rest),
                '<' if self.section_end.is_none() => {
                    self.section_end = SECTIONS.iter().find(|(start, _)| rest.starts_with(start)).map(|(_, end)| *end);
                    None
                }
                '-' | ']' | '?' if self.section_end.is_some_and(|end| rest.starts_with(end)) => {
                    self.section_end = None;
                    None
                }
                _ => (!is_valid(character)).then_some((length, character)),
            };
            match invalid {
                Some((invalid_length, character)) => {
                    length = invalid_length;
                    self.invalid_characters += 1;
                    self.replace(replacement(character), offset + at, length);
                }
                None => self.text.push(character),
            }
            at += length;
        }
    }

    fn replace(&mut self, character: char, block_start: usize, length: usize) {
        self.text.push(character);
        self.edits.push(Edit { text_end: self.text.len(), block_start, block_end: block_start + length });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(block: &[u8]) -> (String, u64, u64) {
        let repaired = Repaired::of(block);
        (repaired.text.into_owned(), repaired.invalid_utf8, repaired.invalid_characters)
    }

    #[test]
    fn raw_characters_and_references_are_replaced_alike() {
        for (block, text, count) in [
            ("a\0b", "a\u{fffd}b", 1),
            ("a&#0;b&#x0;c&#x00;d&#07;e&#xB;f&#xFFFE;", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}", 6),
            ("\u{1c}a&#31;", " a ", 2),
            ("\u{fffe}\u{ffff}", "\u{fffd}\u{fffd}", 2),
            ("a\t\n\r&#13;&#xA;&#9;\u{fffd}\u{85}\u{7f}", "a\t\n\r&#13;&#xA;&#9;\u{fffd}\u{85}\u{7f}", 0),
            ("&#xD800;&#x110000;&#;&#x;&#1", "&#xD800;&#x110000;&#;&#x;&#1", 0),
            (
                "\0<!-- &#1; --><![CDATA[&#1;]]><?p &#1;?>&#1;",
                "\u{fffd}<!-- &#1; --><![CDATA[&#1;]]><?p &#1;?>\u{fffd}",
                2,
            ),
        ] {
            assert_eq!(repaired(block.as_bytes()), (text.to_owned(), 0, count), "{block:?}");
        }
        assert_eq!(repaired(b"a\xe9b\x01"), ("a\u{fffd}b\u{fffd}".to_owned(), 1, 1));
    }

    #[test]
    fn offsets_are_those_of_the_block() {
        let block = b"ab\xffcd&#1;ef\0g";
        let repaired = Repaired::of(block);
        for (letter, byte) in [('a', 0), ('b', 1), ('c', 3), ('d', 4), ('e', 9), ('f', 10), ('g', 12)] {
            let offset = repaired.text.find(letter).expect("is in it");
            assert_eq!(repaired.offset_in_block(offset), byte, "{letter}");
        }
        assert_eq!(Repaired::of(b"abc").offset_in_block(2), 2);
    }
}
