//! Messages for errors of the XML parser. The parser's own messages quote the text, and text of the data must not get
//! into logs and results.

use quick_xml::Error;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::escape::EscapeError;
use quick_xml::events::attributes::AttrError;

/// The message for an element with two attributes of one name.
pub const DUPLICATE_ATTRIBUTE: &str = "an attribute that stands twice";
/// The message for a character reference whose number is not a character of XML 1.0.
pub const REFERENCE_TO_NO_CHARACTER: &str = "a reference to no character";

/// Returns the message for an error of the parser.
pub fn of_parser(error: &Error) -> &'static str {
    match error {
        Error::Syntax(error) => of_syntax(*error),
        Error::IllFormed(error) => of_form(error),
        Error::InvalidAttr(error) => of_attribute(error),
        Error::Escape(error) => of_reference(error),
        Error::Encoding(_) => "bytes that are not UTF-8",
        Error::Namespace(_) => "a namespace that XML does not know",
        Error::Io(_) => "text that cannot be read",
    }
}

/// Returns the message for an error of an attribute.
pub fn of_attribute(error: &AttrError) -> &'static str {
    match error {
        AttrError::ExpectedEq(_) | AttrError::ExpectedValue(_) => "an attribute without a value",
        AttrError::UnquotedValue(_) => "an attribute value without quotes",
        AttrError::ExpectedQuote(..) => "an attribute without its closing quote",
        AttrError::Duplicated(..) => DUPLICATE_ATTRIBUTE,
    }
}

fn of_reference(error: &EscapeError) -> &'static str {
    match error {
        EscapeError::UnrecognizedEntity(..) => "an entity that XML does not know",
        EscapeError::UnterminatedEntity(_) => "an `&` that begins no reference",
        EscapeError::InvalidCharRef(_) => REFERENCE_TO_NO_CHARACTER,
        EscapeError::TooManyNestedEntities => "an entity that holds too many others",
    }
}

fn of_syntax(error: SyntaxError) -> &'static str {
    match error {
        SyntaxError::InvalidBangMarkup => "a `<!` that begins nothing",
        SyntaxError::UnclosedPI => "a processing instruction that does not end",
        SyntaxError::UnclosedXmlDecl => "an XML declaration that does not end",
        SyntaxError::UnclosedComment => "a comment that does not end",
        SyntaxError::UnclosedDoctype => "a document type declaration that does not end",
        SyntaxError::UnclosedCData => "a CDATA section that does not end",
        SyntaxError::UnclosedTag => "a tag that does not end",
        SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
            "an attribute without its closing quote"
        }
    }
}

fn of_form(error: &IllFormedError) -> &'static str {
    match error {
        IllFormedError::MissingDeclVersion(_) | IllFormedError::UnknownVersion => {
            "an XML declaration of no version that is known"
        }
        IllFormedError::MissingDoctypeName => "a document type declaration without a name",
        IllFormedError::MissingEndTag(_) => "an element that is not closed",
        IllFormedError::UnmatchedEndTag(_) => "an end tag that closes nothing",
        IllFormedError::MismatchedEndTag { .. } => "an end tag of another element",
        IllFormedError::DoubleHyphenInComment => "`--` within a comment",
        IllFormedError::UnclosedReference => "an `&` that begins no reference",
    }
}
