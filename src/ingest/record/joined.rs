//! Lists joined into one text, as the published tables have them.

use std::borrow::Cow;

/// A list as one text, as the published tables have it; nothing when no text was added.
#[derive(Debug, Default)]
pub struct Joined {
    text: String,
    any: bool,
}

impl Joined {
    /// Adds a text behind a separator.
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

    /// Begins another entry, for one that is written in pieces with `add`.
    pub fn start(&mut self, separator: &str) {
        if self.any {
            self.text.push_str(separator);
        }
        self.any = true;
    }

    pub fn add(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// Returns the list so far; `None` if no text was added.
    pub fn text(&self) -> Option<&str> {
        self.any.then_some(self.text.as_str())
    }

    /// Empties the list for the next record.
    pub fn clear(&mut self) {
        self.text.clear();
        self.any = false;
    }
}
