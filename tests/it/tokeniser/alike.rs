//! What holds of both tokenisers on any text. `fuzz/` makes up the texts that no test does.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use discogs_lakehouse::contract::Contract;
use discogs_lakehouse::dump::Entity;
use discogs_lakehouse::ingest::record::{
    Artists, BlockReader, Labels, Malformed, Masters, OnBadRecord, Records, Reference, Releases, Scanner, Tally, Token,
    Tokeniser, Tokens,
};
use discogs_lakehouse::parquet::arrow_schema;

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
pub enum Verdict {
    Read,
    Refused,
    Unfamiliar { reference_reads: bool },
}

/// Holds the scanner to the reference on a text, token by token.
#[track_caller]
pub fn compare(text: &str) -> Verdict {
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

/// Reads blocks of records by both tokenisers.
pub struct Blocks {
    contract: Contract,
    ignored: Arc<BTreeSet<String>>,
}

/// All that a block gives: rows, what was counted, each bad record with its offset and what is wrong, the last id. Or where
/// and why it ended, behind which record.
type Outcome = Result<(Vec<RecordBatch>, Tally, Vec<(usize, String, String)>, Option<i64>), (Malformed, Option<i64>)>;

impl Blocks {
    pub fn of(contract: Contract) -> Self {
        let ignored = contract.ignored_paths.iter().map(|rule| rule.path.clone()).collect();
        Blocks { ignored: Arc::new(ignored), contract }
    }

    /// Holds the tokenisers to each other on a block, whether bad records end it or are left out. Gives whether it was
    /// read to its end with none left out.
    #[track_caller]
    pub fn compare(&self, entity: Entity, text: &str) -> bool {
        match entity {
            Entity::Artists => self.compare_as::<Artists>(text),
            Entity::Labels => self.compare_as::<Labels>(text),
            Entity::Masters => self.compare_as::<Masters>(text),
            Entity::Releases => self.compare_as::<Releases>(text),
        }
    }

    #[track_caller]
    fn compare_as<R: Records>(&self, text: &str) -> bool {
        let skipped = self.read::<R>(Tokeniser::Auto, OnBadRecord::Skip, text);
        let stopped = self.read::<R>(Tokeniser::Auto, OnBadRecord::Stop, text);
        for (auto, on_bad_record) in [(&skipped, OnBadRecord::Skip), (&stopped, OnBadRecord::Stop)] {
            let reference = self.read::<R>(Tokeniser::Reference, on_bad_record, text);
            assert!(
                *auto == reference,
                "{on_bad_record:?}: {auto:?}\nby the reference: {reference:?}\nof {text:.2000}"
            );
        }
        let (_, _, bad, _) = skipped.as_ref().unwrap_or_else(|(fault, _)| panic!("skip ended: {fault:?}"));
        for (offset, _, record) in bad {
            assert!(*offset <= text.len() && text.contains(record), "a bad record that is not of the block");
        }
        match &stopped {
            Ok(_) => assert!(bad.is_empty() && stopped == skipped, "{stopped:?}\nwith none to skip: {skipped:?}"),
            Err((fault, _)) => {
                assert!(!bad.is_empty(), "stopped where nothing was skipped: {fault:?}");
                assert!(fault.offset <= text.len());
            }
        }
        stopped.is_ok()
    }

    fn read<R: Records>(&self, tokeniser: Tokeniser, on_bad_record: OnBadRecord, text: &str) -> Outcome {
        let declarations = R::declarations();
        let schema = |table: &str| arrow_schema(self.contract.table(table).unwrap());
        let schemas = declarations.iter().map(|rows| schema(rows.table)).collect();
        let reader = BlockReader::<R>::new(schemas, self.ignored.clone(), on_bad_record);
        let rows = reader.with_tokeniser(tokeniser).read(text).map_err(|fault| (fault.malformed, fault.last_id))?;
        assert_eq!(rows.batches.len(), declarations.len());
        let bad = rows.bad.into_iter().map(|bad| (bad.offset, bad.what, bad.text)).collect();
        Ok((rows.batches, rows.tally, bad, rows.last_id))
    }
}
