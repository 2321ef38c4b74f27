//! Walks the elements of a record, and counts those that no reader uses.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Tally;
use super::token::{Malformed, Token, Tokens};
use super::value::{self, trimmed};
use crate::dump::shown;

/// Limit of the nesting of elements; the dumps nest nine deep. The limit keeps a hostile document from growing the stack.
const MAX_DEPTH: usize = 64;

/// Characters of an element's name that a message shows.
const MAX_SHOWN_NAME: usize = 40;

/// The error of a record that has no rows.
#[derive(Debug)]
pub enum RecordError {
    /// The XML is malformed.
    Xml(Malformed),
    /// The record's id is not a number.
    NoKey,
}

impl From<Malformed> for RecordError {
    fn from(malformed: Malformed) -> Self {
        RecordError::Xml(malformed)
    }
}

/// Walks the elements of a record. Anything that the reader does not use is counted under its path: the reader counts
/// elements with [`Cursor::unclaimed`], and the cursor itself counts attributes and texts.
///
/// XML that ends before the record's end tag or nests too deeply counts as malformed.
pub struct Cursor<'b, 'c, T> {
    tokens: T,
    /// Names of the open elements, from the record down.
    path: Vec<&'b str>,
    tally: &'c mut Tally,
    ignored: &'c BTreeSet<String>,
}

impl<'b, 'c, T: Tokens<'b>> Cursor<'b, 'c, T> {
    /// Returns a cursor before the first record. Paths in `ignored` are not counted.
    pub fn new(tokens: T, tally: &'c mut Tally, ignored: &'c BTreeSet<String>) -> Self {
        Cursor { tokens, path: Vec::with_capacity(MAX_DEPTH), tally, ignored }
    }

    /// Passes the start tag of the next record and returns its offset in the block; returns `None` at the end.
    ///
    /// # Errors
    /// Returns an error if something other than a record of that name follows.
    pub fn record(&mut self, name: &str) -> Result<Option<usize>, Malformed> {
        loop {
            let offset = self.tokens.offset();
            match self.tokens.next()? {
                Token::Open(found) if found == name => {
                    self.path.push(found);
                    return Ok(Some(offset));
                }
                Token::Open(found) => {
                    return Err(Malformed::new(
                        offset,
                        format!("<{}> where a <{name}> belongs", shown(found, MAX_SHOWN_NAME)),
                    ));
                }
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) => return Err(Malformed::new(offset, "text between two records")),
                Token::Close => return Err(Malformed::new(offset, "an end tag that closes nothing")),
                Token::End => return Ok(None),
            }
        }
    }

    /// Returns the number of bytes of the block that were passed.
    pub fn offset(&self) -> usize {
        self.tokens.offset()
    }

    /// Passes the start tag of the next child of the open element and returns its name, or passes the end tag and
    /// returns `None`.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn child(&mut self) -> Result<Option<&'b str>, Malformed> {
        self.count_attributes_left();
        loop {
            match self.tokens.next()? {
                Token::Open(name) => {
                    self.enter(name)?;
                    return Ok(Some(name));
                }
                Token::Text(text) => self.count_text(text),
                Token::Close => {
                    self.path.pop();
                    return Ok(None);
                }
                Token::End => return Err(self.ends_early()),
            }
        }
    }

    /// Passes the open element's end tag and returns its trimmed text, or `None` if it has none.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    #[inline]
    pub fn text(&mut self) -> Result<Option<Cow<'b, str>>, Malformed> {
        self.count_attributes_left();
        match self.tokens.plain_text() {
            Some(text) => {
                self.path.pop();
                Ok(trimmed(Cow::Borrowed(text)))
            }
            None => self.text_of_tokens(),
        }
    }

    fn text_of_tokens(&mut self) -> Result<Option<Cow<'b, str>>, Malformed> {
        let mut found: Option<Cow<'b, str>> = None;
        loop {
            match self.tokens.next()? {
                Token::Text(text) => match &mut found {
                    None => found = Some(text),
                    Some(found) => found.to_mut().push_str(&text),
                },
                Token::Open(name) => {
                    self.enter(name)?;
                    self.unclaimed()?;
                }
                Token::Close => {
                    self.path.pop();
                    return Ok(found.and_then(trimmed));
                }
                Token::End => return Err(self.ends_early()),
            }
        }
    }

    /// Reads the text of an element that occurs once into `slot`. A repeated element with a text is counted, and the
    /// first text is kept.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn text_once(&mut self, slot: &mut Option<Cow<'b, str>>) -> Result<(), Malformed> {
        let text = self.text()?;
        if slot.is_none() {
            *slot = text;
        } else if text.is_some() {
            self.tally.count("elements_repeated", 1);
            self.unclaimed_value("(repeated)", &text);
        }
        Ok(())
    }

    /// Like [`Cursor::text_once`], but reads an attribute and the text. A repeated element is counted and provides
    /// neither, because values of two elements do not belong together.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn attribute_and_text_once(
        &mut self,
        attribute: &str,
        taken: &mut (Option<Cow<'b, str>>, Option<Cow<'b, str>>),
    ) -> Result<(), Malformed> {
        let found = (self.attribute(attribute), self.text()?);
        if *taken == (None, None) {
            *taken = found;
        } else if found != (None, None) {
            self.tally.count("elements_repeated", 1);
            self.unclaimed_value("(repeated)", &found.1.or(found.0));
        }
        Ok(())
    }

    /// Passes a list of texts, such as `<genres>`. Calls `take` with the text of each non-empty child of that name.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn texts(&mut self, name: &str, mut take: impl FnMut(Cow<'b, str>)) -> Result<(), Malformed> {
        while let Some(element) = self.child()? {
            if element != name {
                self.unclaimed()?;
            } else if let Some(text) = self.text()? {
                take(text);
            }
        }
        Ok(())
    }

    /// Passes a list of elements. Calls `read` after the start tag of each child of that name; `read` must pass the end
    /// tag.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed or `read` fails.
    pub fn elements(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        while let Some(element) = self.child()? {
            if element == name { read(self)? } else { self.unclaimed()? }
        }
        Ok(())
    }

    /// Passes the end tag of an element that should be empty, and counts its contents if it is not.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn nothing_inside(&mut self) -> Result<(), Malformed> {
        while self.child()?.is_some() {
            self.unclaimed()?;
        }
        Ok(())
    }

    /// Takes an attribute of the element whose start tag was passed last. Returns its trimmed value, or `None` if it is
    /// empty or missing.
    pub fn attribute(&mut self, name: &str) -> Option<Cow<'b, str>> {
        let attributes = self.tokens.attributes();
        let index = attributes.iter().position(|(found, _)| *found == name)?;
        trimmed(attributes.swap_remove(index).1)
    }

    /// Passes an element that no table stores, and counts it and its contents, unless a rule ignores it.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn unclaimed(&mut self) -> Result<(), Malformed> {
        let depth = self.path.len();
        let ignored = self.ignored.contains(&self.path.join("/"));
        let mut counted = ignored;
        loop {
            if !counted {
                self.tally.count_unknown(&self.path.join("/"));
                self.count_attributes_left();
            }
            self.tokens.attributes().clear();
            match self.tokens.next()? {
                Token::Open(name) => {
                    self.enter(name)?;
                    counted = ignored;
                }
                Token::Text(_) => counted = true,
                Token::Close => {
                    self.path.pop();
                    counted = true;
                    if self.path.len() < depth {
                        return Ok(());
                    }
                }
                Token::End => return Err(self.ends_early()),
            }
        }
    }

    /// Counts a value for which no table has a column, under the open element's path and `name`.
    pub fn unclaimed_value(&mut self, name: &str, value: &Option<Cow<'b, str>>) {
        if value.is_some() {
            let path = format!("{}/{name}", self.path.join("/"));
            self.tally.count_unknown(&path);
        }
    }

    /// Counts an anomaly.
    pub fn count(&mut self, anomaly: &'static str) {
        self.tally.count(anomaly, 1);
    }

    /// Parses an id; counts a text that is not a number and returns `None`.
    pub fn id(&mut self, text: &Option<Cow<'b, str>>) -> Option<i64> {
        self.parsed(text, value::integer, "ids_not_numbers")
    }

    /// Parses a text; counts a text without a value as `anomaly` and returns `None`.
    pub fn parsed<V>(
        &mut self,
        text: &Option<Cow<'b, str>>,
        parse: impl FnOnce(&str) -> Option<V>,
        anomaly: &'static str,
    ) -> Option<V> {
        let value = parse(text.as_deref()?);
        if value.is_none() {
            self.tally.count(anomaly, 1);
        }
        value
    }

    fn enter(&mut self, name: &'b str) -> Result<(), Malformed> {
        if self.path.len() == MAX_DEPTH {
            let what = format!("elements nested more than {MAX_DEPTH} deep");
            return Err(Malformed::new(self.tokens.offset(), what));
        }
        self.path.push(name);
        Ok(())
    }

    #[inline]
    fn count_attributes_left(&mut self) {
        if !self.tokens.attributes().is_empty() {
            self.count_attributes();
        }
    }

    #[cold]
    fn count_attributes(&mut self) {
        for (name, _) in self.tokens.attributes().drain(..) {
            let path = format!("{}@{name}", self.path.join("/"));
            if !self.ignored.contains(&path) {
                self.tally.count_unknown(&path);
            }
        }
    }

    fn count_text(&mut self, text: Cow<'b, str>) {
        if trimmed(text).is_some() {
            let path = format!("{}/text()", self.path.join("/"));
            self.tally.count_unknown(&path);
        }
    }

    fn ends_early(&self) -> Malformed {
        let open = self.path.last().map_or("the document".to_owned(), |name| shown(name, MAX_SHOWN_NAME));
        Malformed::new(self.tokens.offset(), format!("the text ends before <{open}> is closed"))
    }
}
