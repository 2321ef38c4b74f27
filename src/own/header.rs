//! The first record of a CSV file: the delimiter, the names of the columns, and where it ends.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;

use digdag_task::Failure;

/// How a CSV file is written; what is not given is found in the file, or the usual.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The delimiter, unless it is to be found.
    pub delimiter: Option<char>,
    /// The quote.
    pub quote: char,
    /// Whether the first record has the names of the columns.
    pub header: bool,
    /// Whether a record may end before its last fields, which are no values then.
    pub pads: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect { delimiter: None, quote: '"', header: true, pads: false }
    }
}

/// The delimiter and the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub delimiter: char,
    pub names: Vec<String>,
    /// Whether a field of the first record has several lines.
    has_lines: bool,
    /// The bytes of the byte-order mark, and of all before the line end of the first record.
    mark: u64,
    end: u64,
}

/// The delimiters that are tried; of those that split the first record into as many fields, the first is taken.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The bytes in which the first record has to end, so that a quote that is never closed does not bring the whole file into
/// memory. DuckDB reads records of at most 2 MB.
const MAX_HEADER_BYTES: u64 = 4 << 20;

/// Reads the first record of a CSV file. `name` names the file in errors.
///
/// # Errors
/// Fails if the file cannot be read or is empty, or if its first record does not end.
pub fn read(path: &Path, name: &str, dialect: &Dialect) -> anyhow::Result<Header> {
    let candidates = dialect.delimiter.map_or_else(|| DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let mut best: Option<Header> = None;
    for delimiter in candidates {
        let found = first_record(path, name, delimiter, dialect.quote)?;
        if best.as_ref().is_none_or(|best| found.names.len() > best.names.len()) {
            best = Some(found);
        }
    }
    let mut header = best.filter(|header| !header.names.is_empty()).ok_or_else(|| empty(name))?;
    if !dialect.header {
        header.names = (1..=header.names.len()).map(|number| format!("column_{number}")).collect();
    }
    Ok(header)
}

/// Returns the error for an input without a header.
pub fn empty(name: &str) -> Failure {
    Failure::input(format!("{name} is empty: it has no names of columns"))
        .hint("expected a header and rows; --header=false reads a file without a header")
}

fn records<R: Read>(source: R, delimiter: char, quote: char) -> Result<csv::Reader<R>, Failure> {
    let byte = |c: char| u8::try_from(c).map_err(|_| Failure::parameters(format!("{c:?} is no single byte")));
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(byte(delimiter)?).quote(byte(quote)?);
    Ok(builder.from_reader(source))
}

/// Opens a text behind its byte-order mark, in which no quote would begin a field. Returns the bytes of the mark.
fn open(path: &Path) -> std::io::Result<(File, u64)> {
    let mut file = File::open(path)?;
    let mut mark = Vec::new();
    Read::by_ref(&mut file).take(3).read_to_end(&mut mark)?;
    let length = if mark == *b"\xef\xbb\xbf" { 3 } else { 0 };
    file.seek(SeekFrom::Start(length))?;
    Ok((file, length))
}

fn first_record(path: &Path, name: &str, delimiter: char, quote: char) -> anyhow::Result<Header> {
    let cannot = || format!("cannot read {name}");
    let (file, mark) = open(path).with_context(cannot)?;
    let mut reader = records(file.take(MAX_HEADER_BYTES), delimiter, quote)?;
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record).with_context(cannot)?;
    if reader.position().byte() >= MAX_HEADER_BYTES {
        return Err(Failure::input(format!(
            "{name}, line 1: a quote is not closed, or the names of the columns do not end"
        ))
        .hint("close it, or name another --quote")
        .into());
    }
    let names: Vec<_> = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    let has_lines = names.iter().any(|name| name.contains(['\r', '\n']));
    Ok(Header { delimiter, names, has_lines, mark, end: mark + reader.position().byte() })
}

impl Header {
    /// Copies a file to `target` with a plain first record, if a field of its first record has several lines: DuckDB takes
    /// the first line end of a file for that of its records, and then reads other rows, or none. Returns whether it did.
    /// The copy has a header in any case.
    ///
    /// # Errors
    /// Fails if a file cannot be read or written.
    pub fn made_plain(&self, path: &Path, dialect: &Dialect, target: &Path) -> anyhow::Result<bool> {
        if !self.has_lines {
            return Ok(false);
        }
        let (cannot_read, cannot_write) =
            (|| format!("cannot read {}", path.display()), || format!("cannot write {}", target.display()));
        let mut source = File::open(path).with_context(cannot_read)?;
        let mut around = Vec::new();
        source.seek(SeekFrom::Start(self.end.saturating_sub(2))).with_context(cannot_read)?;
        Read::by_ref(&mut source).take(3).read_to_end(&mut around).with_context(cannot_read)?;
        // The reader may stop between the two bytes of a line end.
        let (line_end, behind) = match around.as_slice() {
            [_, b'\r', b'\n'] => ("\r\n", 1),
            [b'\r', b'\n', ..] => ("\r\n", 0),
            [_, b'\r', ..] => ("\r", 0),
            _ => ("\n", 0),
        };
        let begin = if dialect.header { self.end + behind } else { self.mark };
        source.seek(SeekFrom::Start(begin)).with_context(cannot_read)?;
        let mut copy = BufWriter::new(File::create(target).with_context(cannot_write)?);
        let names: Vec<_> = (1..=self.names.len()).map(|number| format!("column_{number}")).collect();
        let head = format!("{}{line_end}", names.join(&self.delimiter.to_string()));
        copy.write_all(head.as_bytes()).with_context(cannot_write)?;
        std::io::copy(&mut source, &mut copy).with_context(cannot_write)?;
        copy.flush().with_context(cannot_write)?;
        Ok(true)
    }

    /// Returns the line on which a record begins. DuckDB counts records, and a field may have several lines.
    pub fn line_of(&self, path: &Path, quote: char, record: u64) -> Option<u64> {
        let mut reader = records(open(path).ok()?.0, self.delimiter, quote).ok()?;
        let (mut found, mut line) = (csv::ByteRecord::new(), record);
        for _ in 1..record {
            if !reader.read_byte_record(&mut found).ok()? {
                break;
            }
            line += found.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
        }
        Some(line)
    }
}

/// Requires that the last quote of a CSV file is closed. DuckDB's reader finds it, unless it pads records.
///
/// # Errors
/// Fails with the line on which the quote is opened, or if the file cannot be read.
pub fn require_closed_quotes(path: &Path, name: &str, delimiter: char, quote: char) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {name}");
    let (mut file, _) = open(path).with_context(cannot)?;
    let (mut line, mut opened) = (1_u64, None);
    let (mut begins_field, mut after_quote) = (true, false);
    let mut part = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut part).with_context(cannot)?;
        if read == 0 {
            break;
        }
        for byte in &part[..read] {
            let is_quote = u32::from(*byte) == u32::from(quote);
            // A second quote behind one that closes the field is a quote within it.
            if is_quote && (begins_field || after_quote) {
                opened = Some(line);
                after_quote = false;
            } else if is_quote && opened.is_some() {
                opened = None;
                after_quote = true;
            } else {
                after_quote = false;
            }
            let is_end = u32::from(*byte) == u32::from(delimiter) || matches!(byte, b'\n' | b'\r');
            begins_field = opened.is_none() && is_end;
            line += u64::from(*byte == b'\n');
        }
    }
    match opened {
        None => Ok(()),
        Some(line) => Err(Failure::input(format!("{name}, line {line}: a quote is not closed"))
            .hint("close it, or name another --quote")
            .into()),
    }
}

/// Returns whether a text has nothing but spaces and line ends.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn is_blank(path: &Path) -> anyhow::Result<bool> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut part = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut part).with_context(cannot)?;
        if read == 0 || !part[..read].iter().all(u8::is_ascii_whitespace) {
            return Ok(read == 0);
        }
    }
}

/// Parses a delimiter: one character, or `\t` or `tab`.
///
/// # Errors
/// Fails for any other text.
pub fn delimiter(text: &str) -> Result<char, Failure> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() => Ok(c),
        _ => Err(Failure::parameters(format!("parameter delimiter: expected one character or tab, found {text:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_not_closed_is_found_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("in.csv");
        for (text, expected) in [
            ("a,b\n1,\"2\n3\"\n", None),
            ("a,b\n1,\"2\"\"\"\n\"\",\"\"\n", None),
            ("a,7\"\n", None),
            ("a,b\n1,\"2\n3,4\n", Some("line 2:")),
            ("\u{feff}\"a,b\n1,2\n", Some("line 1:")),
            ("a\n\"\"\"\n\n", Some("line 2:")),
        ] {
            std::fs::write(&path, text).expect("written");
            let found = require_closed_quotes(&path, "in.csv", ',', '"').err().map(|error| error.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{text}: {found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
        }
    }
}
