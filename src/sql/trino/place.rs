//! The line of an error in a file of `sql/`. Trino counts lines in the statement that it received. In it the `{place}`s
//! of the file are filled, and it may contain the file inside another statement, after function definitions, or several
//! times.

use std::ops::Range;

use serde::Deserialize;

use crate::sql::SqlFile;

/// A line and a column of the statement that was sent, from 1.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    /// The line, from 1.
    pub line_number: usize,
    /// The column, from 1.
    #[serde(default)]
    pub column_number: usize,
}

/// Returns the file in `origin` with the line of an error. The line is left out if it is unknown: the error is outside
/// the file's text, or in the second or a later line of a place's value.
pub(super) fn place(location: Option<&Location>, sent: &str, origin: &str) -> String {
    let Some((path, rest)) = origin.split_once(".sql") else { return origin.to_owned() };
    let file = SqlFile::load(path.trim_start_matches("sql/"));
    let line = location.zip(file.ok()).and_then(|(location, file)| line_in_file(location, sent, &file.text));
    line.map_or_else(|| origin.to_owned(), |line| format!("{path}.sql:{line}{rest}"))
}

fn line_in_file(location: &Location, sent: &str, file: &str) -> Option<usize> {
    let comments: usize = file.split_inclusive('\n').take_while(|line| line.starts_with("--")).map(str::len).sum();
    let body = file[comments..].trim_end();
    let pieces = between_places(body);
    let error = offset(location, sent)?;
    let mut copy: Option<Vec<Range<usize>>> = None;
    let mut from = 0;
    while let Some(found) = find(sent, from, body, &pieces) {
        if found.first()?.start > error {
            break;
        }
        from = found.last()?.end;
        copy = Some(found);
    }
    let copy = copy?;
    let index = copy.iter().rposition(|range| range.start <= error)?;
    let (in_sent, in_file) = (&copy[index], &pieces[index]);
    let in_file = if error <= in_sent.end {
        in_file.start + (error - in_sent.start)
    } else {
        // The error is in the value of the place behind the piece; its first line is on the line of the place. No place
        // follows the last piece, unless that is empty.
        let behind_all = index + 1 == pieces.len() && !in_file.is_empty();
        let first_line = !sent.get(in_sent.end..error)?.contains('\n');
        (first_line && !behind_all).then_some(in_file.end)?
    };
    Some(file[..comments + in_file].matches('\n').count() + 1)
}

/// Returns the byte offset of a line and column; columns count characters.
fn offset(location: &Location, text: &str) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(location.line_number.checked_sub(1)?).map(str::len).sum();
    let line = text.get(start..)?.lines().next().unwrap_or_default();
    let column = location.column_number.saturating_sub(1);
    Some(start + line.char_indices().nth(column).map_or(line.len(), |(index, _)| index))
}

/// Returns the pieces of a text before, between and behind its places.
fn between_places(text: &str) -> Vec<Range<usize>> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut pieces = Vec::new();
    let mut start = 0;
    for (open, _) in text.match_indices('{') {
        if let Some(length) = text[open..].find('}')
            && is_name(&text[open + 1..open + length])
        {
            pieces.push(start..open);
            start = open + length + 1;
        }
    }
    pieces.push(start..text.len());
    pieces
}

/// Returns the first copy of a text in the statement sent, as the closest ranges of its pieces.
fn find(sent: &str, from: usize, text: &str, pieces: &[Range<usize>]) -> Option<Vec<Range<usize>>> {
    let mut end = from;
    for piece in pieces {
        end += sent.get(end..)?.find(&text[piece.clone()])? + piece.len();
    }
    // The text around a copy may begin like the copy, so the ranges are found backwards from its end.
    let mut ranges = Vec::new();
    for piece in pieces.iter().rev() {
        let start = sent[..end].rfind(&text[piece.clone()])?;
        ranges.push(start..start + piece.len());
        end = start;
    }
    ranges.reverse();
    Some(ranges)
}
