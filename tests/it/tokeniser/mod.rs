//! The scanner gives the tokens of the reference, or leaves the text to it.
//!
//! Three claims, on every text: what the scanner reads to its end, the reference reads to its end, with the same tokens;
//! what the scanner calls malformed, the reference refuses; only what the scanner calls unfamiliar may be either. On what
//! Discogs writes nothing is unfamiliar.

mod dumps;
mod generated;
mod ingest;
mod mutated;

use std::borrow::Cow;

use discogs_lakehouse::record::{Malformed, Reference, Scanner, Token, Tokens};

/// A token with its attributes, owned.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Open(String, Vec<(String, String)>),
    Text(String),
    Close,
}

/// With `at_once`, a text and the end tag behind it are taken at once wherever the tokeniser gives them so.
fn tokens_of<'b>(mut tokens: impl Tokens<'b>, at_once: bool) -> Result<Vec<Seen>, Malformed> {
    let mut seen = Vec::new();
    loop {
        if let Some(text) = if at_once { tokens.plain_text() } else { None } {
            seen.extend((!text.is_empty()).then(|| Seen::Text(text.to_owned())));
            seen.push(Seen::Close);
            continue;
        }
        let token = match tokens.next()? {
            Token::Open(name) => {
                let attributes = tokens.attributes().drain(..);
                let owned = attributes.map(|(name, value)| (name.to_owned(), Cow::into_owned(value)));
                Seen::Open(name.to_owned(), owned.collect())
            }
            Token::Text(text) => Seen::Text(text.into_owned()),
            Token::Close => Seen::Close,
            Token::End => return Ok(seen),
        };
        seen.push(token);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Read,
    Refused,
    Unfamiliar { reference_reads: bool },
}

/// Holds the scanner to the reference on a text.
#[track_caller]
fn compare(text: &str) -> Verdict {
    let (scanned, expected) = (tokens_of(Scanner::new(text), false), tokens_of(Reference::new(text), false));
    assert_eq!(tokens_of(Scanner::new(text), true), scanned, "of {text:.2000}");
    match (scanned, expected) {
        (Ok(scanned), Ok(expected)) => {
            let first = scanned.iter().zip(&expected).position(|(scanned, expected)| scanned != expected);
            if let Some(at) = first {
                panic!("token {at}: scanner {:?}, reference {:?}, of {text:.2000}", scanned[at], expected[at]);
            }
            assert_eq!(scanned.len(), expected.len(), "of {text:.2000}");
            Verdict::Read
        }
        (Ok(_), Err(refused)) => panic!("the scanner reads what the reference refuses ({refused:?}): {text:.2000}"),
        (Err(malformed), expected) if malformed.what == Scanner::UNFAMILIAR => {
            Verdict::Unfamiliar { reference_reads: expected.is_ok() }
        }
        (Err(malformed), Ok(_)) => panic!("the reference reads what the scanner refuses ({malformed:?}): {text:.2000}"),
        (Err(_), Err(_)) => Verdict::Refused,
    }
}
