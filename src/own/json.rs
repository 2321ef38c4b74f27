//! JSON as rows of texts: each record becomes a line whose values are JSON strings, with the digits and escapes as they came.
//!
//! DuckDB would write a number again, with at most 17 digits. This reader finds where values begin and end, and leaves the
//! question whether they are valid to serde_json.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use serde::de::IgnoredAny;

use super::source::Fetched;
use digdag_task::Failure;

/// The most bytes of a record. DuckDB reads objects of at most 16 MiB.
const MAX_RECORD_BYTES: usize = 15 << 20;

/// Where the records of a text are.
#[derive(Clone, Copy, Debug)]
pub enum Layout<'l> {
    /// Each object of the text is a record.
    Objects,
    /// Records are in arrays: the text is one, or an object that holds one under this name, or under any.
    Pages(Option<&'l str>),
}

/// Writes the records of an input to `target`, an object on each line. A null becomes a missing value, a nested value becomes
/// its text without spaces between the tokens.
///
/// # Errors
/// Fails if the input is no JSON of the layout, naming the line, or if a file cannot be read or written.
pub fn write_texts(input: &Fetched, layout: Layout<'_>, target: &Path) -> anyhow::Result<()> {
    let cannot_write = || format!("cannot write {}", target.display());
    let file = File::open(&input.path).with_context(|| format!("cannot read {}", input.path.display()))?;
    let output = BufWriter::new(File::create(target).with_context(cannot_write)?);
    let mut reader = Reader { name: &input.name, source: BufReader::new(file), line: 1, target: output };
    reader.skip_mark()?;
    while let Some(first) = reader.peek()? {
        match (layout, first) {
            (Layout::Objects, b'{') => reader.record()?,
            (Layout::Objects, _) => return Err(reader.invalid("expected a JSON object on each line")),
            (Layout::Pages(_), b'[') => reader.records()?,
            (Layout::Pages(name), b'{') => reader.page(name)?,
            (Layout::Pages(_), _) => return Err(reader.invalid("expected an array or an object")),
        }
    }
    reader.target.flush().with_context(cannot_write)
}

struct Reader<'r> {
    name: &'r str,
    source: BufReader<File>,
    line: u64,
    target: BufWriter<File>,
}

impl Reader<'_> {
    fn invalid(&self, what: &str) -> anyhow::Error {
        let hint = "--format ndjson reads objects, --format json an array of objects or an object with such an array";
        Failure::input(format!("{}, line {}: {what}", self.name, self.line)).hint(hint).into()
    }

    fn skip_mark(&mut self) -> anyhow::Result<()> {
        let mark = b"\xef\xbb\xbf";
        if self.buffered()?.starts_with(mark) {
            self.source.consume(mark.len());
        }
        Ok(())
    }

    fn buffered(&mut self) -> anyhow::Result<&[u8]> {
        let name = self.name;
        self.source.fill_buf().with_context(|| format!("cannot read {name}"))
    }

    /// Returns the next byte that is no space, without taking it; `None` at the end.
    fn peek(&mut self) -> anyhow::Result<Option<u8>> {
        loop {
            match self.buffered()?.first().copied() {
                Some(space) if space.is_ascii_whitespace() => self.take(space),
                next => return Ok(next),
            }
        }
    }

    /// Takes the byte that comes next.
    fn take(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.source.consume(1);
    }

    /// Takes the next byte that is no space, which has to be this one.
    fn expect(&mut self, expected: u8) -> anyhow::Result<()> {
        match self.peek()? {
            Some(found) if found == expected => {
                self.take(found);
                Ok(())
            }
            Some(found) => Err(self.invalid(&format!("expected {:?}, found {:?}", expected as char, found as char))),
            None => Err(self.invalid("the text ends within a value")),
        }
    }

    /// Takes a `,` and returns whether another element follows, or takes the end of a list.
    fn goes_on(&mut self, end: u8) -> anyhow::Result<bool> {
        match self.peek()? {
            Some(b',') => {
                self.take(b',');
                Ok(true)
            }
            _ => self.expect(end).map(|()| false),
        }
    }

    /// Reads the members of an object; `member` reads the value of a name.
    fn object(&mut self, mut member: impl FnMut(&mut Self, String) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.expect(b'{')?;
        if self.peek()? == Some(b'}') {
            self.take(b'}');
            return Ok(());
        }
        loop {
            let name = self.value()?;
            let name = serde_json::from_slice(&name).map_err(|_| self.invalid("expected a name in quotes"))?;
            self.expect(b':')?;
            member(self, name)?;
            if !self.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    /// Writes the record that begins here as a line.
    fn record(&mut self) -> anyhow::Result<()> {
        let mut names = HashSet::new();
        let mut line = Vec::new();
        self.object(|reader, name| {
            let value = reader.value()?;
            let label = serde_json::to_string(&name)?;
            if !names.insert(name.to_lowercase()) {
                return Err(reader.invalid(&format!("the name {label} comes twice in a record")));
            }
            if value == b"null" {
                return Ok(());
            }
            line.push(if line.is_empty() { b'{' } else { b',' });
            line.extend_from_slice(label.as_bytes());
            line.push(b':');
            match value.first() {
                Some(b'"') => line.extend_from_slice(&value),
                _ => serde_json::to_writer(&mut line, &String::from_utf8_lossy(&value))?,
            }
            if line.len() > MAX_RECORD_BYTES {
                return Err(reader.too_long());
            }
            Ok(())
        })?;
        if line.is_empty() {
            line.push(b'{');
        }
        line.extend_from_slice(b"}\n");
        self.target.write_all(&line).with_context(|| format!("cannot write the records of {}", self.name))
    }

    /// Writes the records of an array.
    fn records(&mut self) -> anyhow::Result<()> {
        self.expect(b'[')?;
        if self.peek()? == Some(b']') {
            self.take(b']');
            return Ok(());
        }
        loop {
            match self.peek()? {
                Some(b'{') => self.record()?,
                _ => return Err(self.invalid("expected an array of objects")),
            }
            if !self.goes_on(b']')? {
                return Ok(());
            }
        }
    }

    /// Writes the records of an object that holds them in an array. Unless the array is named, nothing but objects may be
    /// beside it, so that a record with an array is not taken for a page.
    fn page(&mut self, wanted: Option<&str>) -> anyhow::Result<()> {
        let (mut found, mut beside): (Option<String>, Option<String>) = (None, None);
        self.object(|reader, name| {
            let is_array = reader.peek()? == Some(b'[');
            match wanted {
                Some(wanted) if name != wanted => reader.value().map(drop),
                None if !is_array => {
                    if !matches!(reader.value()?.first(), Some(b'{')) {
                        beside = Some(name);
                    }
                    Ok(())
                }
                _ if found.is_some() => {
                    Err(reader.invalid(&format!("a second array, {name:?}; name one with --records")))
                }
                _ if !is_array => Err(reader.invalid(&format!("expected an array of objects in {name:?}"))),
                _ => {
                    reader.records()?;
                    found = Some(name);
                    Ok(())
                }
            }
        })?;
        match (found, beside) {
            (Some(_), None) => Ok(()),
            (Some(array), Some(other)) => Err(self.invalid(&format!(
                "an object with {other:?} beside the array {array:?}; --records {array} says that the array has the records"
            ))),
            (None, _) => Err(self.invalid(match wanted {
                Some(_) => "an object without the array that --records names",
                None => "an object without an array of objects",
            })),
        }
    }

    fn too_long(&self) -> anyhow::Error {
        self.invalid(&format!("a record of more than {} MiB", MAX_RECORD_BYTES >> 20))
    }

    /// Takes a value and returns its text without the spaces between its tokens.
    fn value(&mut self) -> anyhow::Result<Vec<u8>> {
        let (mut text, mut depth) = (Vec::new(), 0_u32);
        loop {
            let Some(next) = self.peek()? else { return Err(self.invalid("the text ends within a value")) };
            match next {
                b'"' => self.string(&mut text)?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1).ok_or_else(|| self.invalid("expected a value"))?,
                b',' | b':' if depth == 0 => return Err(self.invalid("expected a value")),
                b',' | b':' => {}
                _ => self.scalar(&mut text)?,
            }
            if matches!(next, b'{' | b'[' | b'}' | b']' | b',' | b':') {
                self.take(next);
                text.push(next);
            }
            if text.len() > MAX_RECORD_BYTES {
                return Err(self.too_long());
            }
            if depth == 0 {
                serde_json::from_slice::<IgnoredAny>(&text).map_err(|error| {
                    let error = error.to_string();
                    self.invalid(error.split(" at line ").next().unwrap_or_default())
                })?;
                return Ok(text);
            }
        }
    }

    /// Takes a string with its quotes.
    fn string(&mut self, text: &mut Vec<u8>) -> anyhow::Result<()> {
        let (mut is_escaped, begin) = (false, text.len());
        loop {
            let Some(next) = self.buffered()?.first().copied() else {
                return Err(self.invalid("a quote is not closed"));
            };
            self.take(next);
            text.push(next);
            match next {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' if text.len() > begin + 1 => return Ok(()),
                _ if text.len() > MAX_RECORD_BYTES => return Err(self.too_long()),
                _ => {}
            }
        }
    }

    /// Takes a number, `true`, `false` or `null`.
    fn scalar(&mut self, text: &mut Vec<u8>) -> anyhow::Result<()> {
        // Two scalars in a row stay two, which is no JSON.
        if text.last().is_some_and(|last| !matches!(last, b'{' | b'[' | b',' | b':')) {
            text.push(b' ');
        }
        while let Some(next) = self.buffered()?.first().copied() {
            let is_end = next.is_ascii_whitespace() || matches!(next, b',' | b':' | b'"' | b'{' | b'[' | b'}' | b']');
            if is_end || text.len() > MAX_RECORD_BYTES {
                break;
            }
            self.take(next);
            text.push(next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::Format;

    fn texts(text: &str, layout: Layout<'_>) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, target) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::write(&path, text).expect("written");
        let bytes = text.len() as u64;
        let input = Fetched { path, name: "in.json".to_owned(), format: Format::Json, sha256: String::new(), bytes };
        write_texts(&input, layout, &target).map_err(|error| error.to_string())?;
        Ok(std::fs::read_to_string(target).expect("read"))
    }

    #[test]
    fn values_keep_their_digits_and_escapes() {
        let text = "\u{feff}{\"a\": 1.10, \"b\": 123456789012345678901234567890,\n \"c\": \"\\u00e9 \\\" x\",\n\
             \"d\": {\"e\": [1, \"a b\", null]}, \"f\": null, \"g\": true}{}\n";
        let expected = "{\"a\":\"1.10\",\"b\":\"123456789012345678901234567890\",\"c\":\"\\u00e9 \\\" x\",\
             \"d\":\"{\\\"e\\\":[1,\\\"a b\\\",null]}\",\"g\":\"true\"}\n{}\n";
        assert_eq!(texts(text, Layout::Objects).as_deref(), Ok(expected));
    }

    #[test]
    fn records_are_found_in_arrays_and_pages() {
        let any = Layout::Pages(None);
        for text in ["[{\"a\":1},{\"a\":2}]", "{\"pagination\":{\"page\":1},\"releases\":[{\"a\":1}, {\"a\": 2}]}"] {
            assert_eq!(texts(text, any).as_deref(), Ok("{\"a\":\"1\"}\n{\"a\":\"2\"}\n"), "{text}");
        }
        let pages = "{\"releases\":[{\"a\":1}]}\n{\"releases\":[]}\n{\"releases\":[{\"a\":2}]}";
        assert_eq!(texts(pages, any).as_deref(), Ok("{\"a\":\"1\"}\n{\"a\":\"2\"}\n"));
        let of_record = "{\"id\":5,\"tracks\":[{\"a\":1}]}";
        assert!(texts(of_record, any).is_err_and(|error| error.contains("--records tracks")));
        assert_eq!(texts(of_record, Layout::Pages(Some("tracks"))).as_deref(), Ok("{\"a\":\"1\"}\n"));
    }

    #[test]
    fn what_is_no_json_of_the_layout_is_refused_by_line() {
        for (text, layout, expected) in [
            ("{\"a\":1}\n5\n", Layout::Objects, "line 2: expected a JSON object"),
            ("{\"a\":1}\n{\"a\":\n", Layout::Objects, "line 3: the text ends within a value"),
            ("{\"a\":01}", Layout::Objects, "line 1: invalid number"),
            ("{\"a\":1,\"A\":2}", Layout::Objects, "the name \"A\" comes twice"),
            ("{\"a\":[1}}", Layout::Objects, "line 1"),
            ("{\"a\":[1 2]}", Layout::Objects, "line 1: expected"),
            ("{\"a\":\"x", Layout::Objects, "a quote is not closed"),
            ("{\"a\" 1}", Layout::Objects, "expected ':'"),
            ("[1,2]", Layout::Pages(None), "expected an array of objects"),
            ("5", Layout::Pages(None), "expected an array or an object"),
            ("{\"a\":{}}", Layout::Pages(None), "without an array of objects"),
            ("{\"a\":[{}],\"b\":[{}]}", Layout::Pages(None), "a second array"),
            ("{\"a\":[{}]}", Layout::Pages(Some("b")), "--records names"),
        ] {
            let error = texts(text, layout).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
