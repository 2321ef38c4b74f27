//! The interface of both tokenisers.

use std::borrow::Cow;

/// A piece of XML. References in texts and attribute values are resolved, line ends are as the XML specification has
/// them, and all text between two tags is one token.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'b> {
    /// A start tag; its attributes are in [`Tokens::attributes`] until the next token. `<a/>` is `Open`, then `Close`.
    Open(&'b str),
    Text(Cow<'b, str>),
    Close,
    /// The text is at its end, and every element was closed.
    End,
}

pub type Attribute<'b> = (&'b str, Cow<'b, str>);

/// Tokens of a block of whole records.
pub trait Tokens<'b> {
    fn next(&mut self) -> Result<Token<'b>, Malformed>;

    /// Passes a text and the end tag behind it at once, where these are the next two tokens and the text stands in the
    /// block as it is. Otherwise it passes nothing, and `next` says what is there. Most of a dump is such elements.
    fn plain_text(&mut self) -> Option<&'b str> {
        None
    }

    /// The attributes of the start tag that `next` gave last, without those that were taken out.
    fn attributes(&mut self) -> &mut Vec<Attribute<'b>>;

    /// How many bytes of the block are behind us.
    fn offset(&self) -> usize;
}

/// XML that is not well-formed, or not what a dump holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes from the start of the block.
    pub offset: usize,
    pub what: String,
}

impl Malformed {
    pub fn new(offset: usize, what: impl Into<String>) -> Self {
        Malformed { offset, what: what.into() }
    }
}
