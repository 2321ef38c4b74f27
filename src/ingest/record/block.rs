//! A block of records into batches of rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::cursor::{Cursor, RecordError};
use super::recovery::{self, Piece, WholeRecords};
use super::{Malformed, Records, Reference, Scanner, Tally, Tokens};

/// What to do with a record that is not well-formed XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnBadRecord {
    /// End the ingest.
    Stop,
    /// Leave it out, keep it in `_reports`, and go on.
    Skip,
}

impl OnBadRecord {
    /// The word that the parameter takes.
    pub fn name(self) -> &'static str {
        match self {
            OnBadRecord::Stop => "stop",
            OnBadRecord::Skip => "skip",
        }
    }
}

/// What makes tokens of a block. It changes the speed and never the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tokeniser {
    /// The scanner for the XML that Discogs writes; the reference for a block that holds something else.
    #[default]
    Auto,
    /// quick-xml for every block.
    Reference,
}

/// The rows of a block of whole records.
pub struct BlockRows {
    /// One a table, in the order of [`Records::declarations`].
    pub batches: Vec<RecordBatch>,
    pub tally: Tally,
    pub bad: Vec<BadRecord>,
    /// The id of the last record that was read.
    pub last_id: Option<i64>,
    /// Whether the scanner gave the block up and the reference read it.
    pub fell_back: bool,
}

/// A record that was left out.
pub struct BadRecord {
    /// Bytes from the start of the block.
    pub offset: usize,
    pub what: String,
    pub text: String,
}

/// Why a block gave no rows.
#[derive(Debug)]
pub struct Unreadable {
    pub malformed: Malformed,
    /// The id of the last record of the block that could be read.
    pub last_id: Option<i64>,
}

/// Turns blocks into rows. One a thread.
pub struct BlockReader<R> {
    records: R,
    schemas: Vec<SchemaRef>,
    ignored: Arc<BTreeSet<String>>,
    on_bad_record: OnBadRecord,
    tokeniser: Tokeniser,
}

impl<R: Records> BlockReader<R> {
    /// `schemas` are those of the tables, in the order of [`Records::declarations`].
    pub fn new(schemas: Vec<SchemaRef>, ignored: Arc<BTreeSet<String>>, on_bad_record: OnBadRecord) -> Self {
        BlockReader { records: R::default(), schemas, ignored, on_bad_record, tokeniser: Tokeniser::Auto }
    }

    pub fn with_tokeniser(self, tokeniser: Tokeniser) -> Self {
        BlockReader { tokeniser, ..self }
    }

    /// Reads the records of a block.
    ///
    /// What the scanner stumbles over is read by the reference, which decides and words the message: so a block is
    /// accepted, and a flaw reported, in the same way by either tokeniser.
    ///
    /// A record whose id is not a number is left out and counted, and so is one that is not well-formed where bad
    /// records are to be skipped. Such a block is read again record by record, so that nothing of those records stays.
    pub fn read(&mut self, text: &str) -> Result<BlockRows, Unreadable> {
        let mut tally = Tally::default();
        let mut last_id = None;
        let scanned = match self.tokeniser {
            Tokeniser::Auto => Some(self.read_records(Scanner::new(text), &mut tally, &mut last_id)),
            Tokeniser::Reference => None,
        };
        let fell_back = matches!(scanned, Some(Err(RecordError::Xml(_))));
        let bad = match scanned {
            Some(Ok(())) => Vec::new(),
            _ => {
                self.records = R::default();
                (tally, last_id) = (Tally::default(), None);
                self.read_by_reference(text, &mut tally, &mut last_id)?
            }
        };
        let batches = self.records.finish(&self.schemas).map_err(|error| {
            // A batch of more than 2 GiB of text cannot come of a block, so this is a bug and not the data's fault.
            Unreadable { malformed: Malformed::new(0, format!("the rows do not fit a batch: {error}")), last_id }
        })?;
        Ok(BlockRows { batches, tally, bad, last_id, fell_back })
    }

    fn read_by_reference(
        &mut self,
        text: &str,
        tally: &mut Tally,
        last_id: &mut Option<i64>,
    ) -> Result<Vec<BadRecord>, Unreadable> {
        match self.read_records(Reference::new(text), tally, last_id) {
            Ok(()) => Ok(Vec::new()),
            Err(RecordError::Xml(malformed)) if self.on_bad_record == OnBadRecord::Stop => {
                Err(Unreadable { malformed, last_id: *last_id })
            }
            Err(_) => {
                self.records = R::default();
                (*tally, *last_id) = (Tally::default(), None);
                self.read_one_by_one(text, tally, last_id)
            }
        }
    }

    fn read_records<'b, T: Tokens<'b>>(
        &mut self,
        tokens: T,
        tally: &mut Tally,
        last_id: &mut Option<i64>,
    ) -> Result<(), RecordError> {
        let mut records = 0;
        let mut cursor = Cursor::new(tokens, tally, &self.ignored);
        while cursor.record(R::ENTITY.record())?.is_some() {
            *last_id = Some(self.records.read(&mut cursor)?);
            records += 1;
        }
        tally.records += records;
        Ok(())
    }

    fn read_one_by_one(
        &mut self,
        text: &str,
        tally: &mut Tally,
        last_id: &mut Option<i64>,
    ) -> Result<Vec<BadRecord>, Unreadable> {
        let mut bad = Vec::new();
        for piece in recovery::pieces(R::ENTITY, text, |text| self.whole_records(text)) {
            let (malformed, slice) = match piece {
                Piece::Bad(piece) => (piece.malformed, piece.text),
                Piece::Record(offset, slice) => match self.try_record(slice) {
                    Ok(()) => {
                        // It was read into rows that are thrown away; now that it is known to be good, into those that
                        // stay.
                        if self.read_records(Reference::new(slice), tally, last_id).is_err() {
                            unreachable!("a record that was read can be read again");
                        }
                        continue;
                    }
                    Err(RecordError::NoKey) => {
                        tally.count("records_without_key", 1);
                        continue;
                    }
                    Err(RecordError::Xml(malformed)) => {
                        (Malformed { offset: offset + malformed.offset, ..malformed }, slice)
                    }
                },
            };
            if self.on_bad_record == OnBadRecord::Stop {
                return Err(Unreadable { malformed, last_id: *last_id });
            }
            tally.count("bad_records", 1);
            bad.push(BadRecord { offset: malformed.offset, what: malformed.what, text: slice.to_owned() });
        }
        Ok(bad)
    }

    /// The well-formed records that a text begins with.
    fn whole_records<'t>(&self, text: &'t str) -> WholeRecords<'t> {
        let mut tally = Tally::default();
        let mut cursor = Cursor::new(Reference::new(text), &mut tally, &self.ignored);
        let mut records = Vec::new();
        let error = loop {
            match cursor.record(R::ENTITY.record()) {
                Ok(None) => break None,
                Err(malformed) => break Some(malformed),
                Ok(Some(start)) => match cursor.nothing_inside() {
                    Ok(()) => records.push((start, &text[start..cursor.offset()])),
                    Err(malformed) => break Some(malformed),
                },
            }
        };
        WholeRecords { records, error, read: cursor.offset() }
    }

    /// Reads a well-formed record and throws its rows away.
    fn try_record(&self, slice: &str) -> Result<(), RecordError> {
        let mut tally = Tally::default();
        let mut cursor = Cursor::new(Reference::new(slice), &mut tally, &self.ignored);
        let mut records = R::default();
        while cursor.record(R::ENTITY.record())?.is_some() {
            records.read(&mut cursor)?;
        }
        Ok(())
    }
}
