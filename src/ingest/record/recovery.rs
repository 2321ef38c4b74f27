//! Splits a block that is not well-formed into its good records and the pieces to leave out.
//!
//! Reading resumes at the next start of a record after an error, so junk between two records costs neither of them.

use memchr::{memchr, memmem};

use super::Malformed;
use crate::dump::{Entity, record_slices, starts_record};

/// Limit of the total reads of a slice's text. Otherwise a hostile text of a million records, each with an error that
/// is detected only at the end of the text, would take hours; the rest of such a text becomes one bad piece.
const MAX_READS: usize = 64;

/// A piece of a block.
pub(super) enum Piece<'t> {
    /// A well-formed record, with its offset in the block.
    Record(usize, &'t str),
    /// A piece to leave out.
    Bad(BadPiece<'t>),
}

/// A malformed record, or other text between two good ones.
pub(super) struct BadPiece<'t> {
    /// The text of the piece.
    pub text: &'t str,
    /// The error, with its offset in the block.
    pub malformed: Malformed,
}

/// The well-formed records at the start of a text, and the error after them.
pub(super) struct WholeRecords<'t> {
    /// The records, each with its offset in the text.
    pub records: Vec<(usize, &'t str)>,
    /// The error, unless all of the text is well-formed.
    pub error: Option<Malformed>,
    /// Bytes that were read.
    pub read: usize,
}

/// Splits a block into pieces. `read` reads the well-formed records at the start of a text.
pub(super) fn pieces<'t>(entity: Entity, block: &'t str, read: impl Fn(&'t str) -> WholeRecords<'t>) -> Vec<Piece<'t>> {
    let whole = read(block);
    if whole.error.is_none() {
        return whole.records.into_iter().map(|(offset, record)| Piece::Record(offset, record)).collect();
    }
    let mut pieces = Vec::new();
    for (offset, slice) in record_slices(entity, block) {
        split(entity, offset, slice, &read, &mut pieces);
    }
    pieces
}

/// Splits one slice of a block into pieces.
fn split<'t>(
    entity: Entity,
    offset: usize,
    slice: &'t str,
    read: &impl Fn(&'t str) -> WholeRecords<'t>,
    pieces: &mut Vec<Piece<'t>>,
) {
    let mut budget = MAX_READS * slice.len();
    let mut from = 0;
    while from < slice.len() {
        let rest = &slice[from..];
        let whole = read(rest);
        budget = budget.saturating_sub(whole.read);
        let good = whole.records.last().map_or(0, |(at, record)| at + record.len());
        pieces.extend(whole.records.into_iter().map(|(at, record)| Piece::Record(offset + from + at, record)));
        let Some(malformed) = whole.error else { return };

        let bad = &rest[good..];
        let length = if budget == 0 { bad.len() } else { next_record(entity, bad).unwrap_or(bad.len()) };
        let end = offset + from + good + length;
        // An element that is not closed is detected at the end of the text, far after the record that has it.
        let malformed = Malformed { offset: (offset + from + malformed.offset).min(end), ..malformed };
        pieces.push(Piece::Bad(BadPiece { text: &bad[..length], malformed }));
        from += good + length;
    }
}

/// Returns the start of the next record after the beginning of a bad piece, outside of comments, CDATA sections and
/// processing instructions.
fn next_record(entity: Entity, bad: &str) -> Option<usize> {
    const SECTIONS: [(&[u8], &[u8]); 3] = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];
    let bytes = bad.as_bytes();
    let first = bad.len() - bad.trim_start().len();
    let mut at = if starts_record(entity, &bytes[first..]) { first + 1 } else { first };
    let mut unclosed = [false; SECTIONS.len()];
    while let Some(found) = memchr(b'<', &bytes[at..]) {
        at += found;
        if starts_record(entity, &bytes[at..]) {
            return Some(at);
        }
        let section = SECTIONS.iter().position(|(start, _)| bytes[at..].starts_with(start));
        let end = section.filter(|section| !unclosed[*section]).and_then(|section| {
            let end = SECTIONS[section].1;
            let found = memmem::find(&bytes[at..], end).map(|found| at + found + end.len());
            unclosed[section] = found.is_none();
            found
        });
        at = end.unwrap_or(at + 1);
    }
    None
}
