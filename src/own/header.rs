//! The header of a CSV file: its delimiter and the names of its columns.

use std::fs::File;
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
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect { delimiter: None, quote: '"', header: true }
    }
}

/// The delimiter and the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub delimiter: char,
    pub names: Vec<String>,
}

/// The delimiters that are tried; of those that split the first record into as many fields, the first is taken.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// Reads the first record of a CSV file.
///
/// # Errors
/// Fails if the file cannot be read or is empty.
pub fn read(path: &Path, dialect: &Dialect) -> anyhow::Result<Header> {
    let candidates = dialect.delimiter.map_or_else(|| DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let mut best: Option<Header> = None;
    for delimiter in candidates {
        let fields = first_record(path, delimiter, dialect.quote)?;
        if best.as_ref().is_none_or(|best| fields.len() > best.names.len()) {
            best = Some(Header { delimiter, names: fields });
        }
    }
    let mut header = best.filter(|header| !header.names.is_empty()).ok_or_else(|| empty(path))?;
    if !dialect.header {
        header.names = (1..=header.names.len()).map(|number| format!("column_{number}")).collect();
    }
    Ok(header)
}

/// Returns the error for an input without a header.
pub fn empty(path: &Path) -> Failure {
    Failure::input(format!("{} is empty: it has no names of columns", path.display()))
        .hint("expected a header and rows; --header=false reads a file without a header")
}

fn first_record(path: &Path, delimiter: char, quote: char) -> anyhow::Result<Vec<String>> {
    let cannot = || format!("cannot read {}", path.display());
    let byte = |c: char| u8::try_from(c).map_err(|_| Failure::parameters(format!("{c:?} is no single byte")));
    let file = File::open(path).with_context(cannot)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(byte(delimiter)?)
        .quote(byte(quote)?)
        .from_reader(file);
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record).with_context(cannot)?;
    let mut names: Vec<_> = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    Ok(names)
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
