//! The interface of the two tokenisers.

use std::borrow::Cow;

/// A token of XML. References in texts and attribute values are resolved, line ends are normalised as in the XML
/// specification, and all text between two tags is one token.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'b> {
    /// A start tag; its attributes are in [`Tokens::attributes`] until the next token. `<a/>` is `Open`, then `Close`.
    Open(&'b str),
    /// The text between two tags.
    Text(Cow<'b, str>),
    /// An end tag.
    Close,
    /// The end of the block, after every element was closed.
    End,
}

/// The name and value of an attribute.
pub type Attribute<'b> = (&'b str, Cow<'b, str>);

/// A tokeniser of a block of whole records.
pub trait Tokens<'b> {
    /// Returns the next token.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed, or the tokeniser does not know its syntax.
    fn next(&mut self) -> Result<Token<'b>, Malformed>;

    /// Passes a text and the end tag after it at once, and returns the text, if these are the next two tokens and the
    /// text needs no decoding. Otherwise returns `None` and passes nothing. Most of a dump is such elements.
    fn plain_text(&mut self) -> Option<&'b str> {
        None
    }

    /// Returns the attributes of the last start tag, without those that the caller removed.
    fn attributes(&mut self) -> &mut Vec<Attribute<'b>>;

    /// Returns the number of bytes of the block that were passed.
    fn offset(&self) -> usize;
}

/// An error of XML that is not well-formed, or that no dump has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes from the start of the block.
    pub offset: usize,
    /// The message.
    pub what: String,
}

impl Malformed {
    /// Returns an error at an offset.
    pub fn new(offset: usize, what: impl Into<String>) -> Self {
        Malformed { offset, what: what.into() }
    }
}
