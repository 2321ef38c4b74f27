//! Joins lists into one text, as in the published tables.

use std::borrow::Cow;

/// A list joined into one text, as in the published tables.
#[derive(Debug, Default)]
pub struct Joined {
    text: String,
    any: bool,
}

impl Joined {
    /// Adds an entry, after a separator if it is not the first.
    pub fn push(&mut self, separator: &str, text: &str) {
        self.start(separator);
        self.text.push_str(text);
    }

    /// Like `push`, but does nothing if there is no text.
    pub fn push_option(&mut self, separator: &str, text: &Option<Cow<'_, str>>) {
        if let Some(text) = text {
            self.push(separator, text);
        }
    }

    /// Starts an entry whose pieces are added with `add`.
    pub fn start(&mut self, separator: &str) {
        if self.any {
            self.text.push_str(separator);
        }
        self.any = true;
    }

    /// Adds a piece to the current entry.
    pub fn add(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// Returns the list so far; `None` if it has no entry.
    pub fn text(&self) -> Option<&str> {
        self.any.then_some(self.text.as_str())
    }

    /// Empties the list for the next record.
    pub fn clear(&mut self) {
        self.text.clear();
        self.any = false;
    }
}
