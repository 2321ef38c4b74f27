//! Converts a block of records to batches of rows.

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
    /// Returns the value of the parameter `on_bad_record`.
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
    /// One batch per table, in the order of [`Records::declarations`].
    pub batches: Vec<RecordBatch>,
    /// The counts of the records.
    pub tally: Tally,
    /// The skipped records.
    pub bad: Vec<BadRecord>,
    /// The id of the last record that was read.
    pub last_id: Option<i64>,
    /// Whether the reference read the block, because the scanner could not.
    pub fell_back: bool,
}

/// A skipped record.
pub struct BadRecord {
    /// Bytes from the start of the block.
    pub offset: usize,
    /// The error.
    pub what: String,
    /// The XML of the record.
    pub text: String,
}

/// The error of a block that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The error in the XML.
    pub malformed: Malformed,
    /// The id of the last record that was read before it.
    pub last_id: Option<i64>,
}

/// Converts blocks to rows. Each worker has one.
pub struct BlockReader<R> {
    records: R,
    schemas: Vec<SchemaRef>,
    ignored: Arc<BTreeSet<String>>,
    on_bad_record: OnBadRecord,
    tokeniser: Tokeniser,
}

impl<R: Records> BlockReader<R> {
    /// Returns a reader. `schemas` are those of the tables, in the order of [`Records::declarations`]; the paths in
    /// `ignored` are not counted as unknown.
    pub fn new(schemas: Vec<SchemaRef>, ignored: Arc<BTreeSet<String>>, on_bad_record: OnBadRecord) -> Self {
        BlockReader { records: R::default(), schemas, ignored, on_bad_record, tokeniser: Tokeniser::Auto }
    }

    /// Returns the reader with another tokeniser than the default.
    pub fn with_tokeniser(self, tokeniser: Tokeniser) -> Self {
        BlockReader { tokeniser, ..self }
    }

    /// Reads the records of a block.
    ///
    /// A block that the scanner refuses is read by the reference, whose result and message count. So both settings of
    /// the tokeniser accept the same blocks and report the same errors.
    ///
    /// A record whose id is not a number is skipped and counted, and so is a malformed one if [`OnBadRecord::Skip`] is
    /// set. A block with such a record is read again record by record, so that no rows of a skipped record remain.
    ///
    /// # Errors
    /// Returns an error if a record is malformed and [`OnBadRecord::Stop`] is set.
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
            // A block cannot have 2 GiB of text, the limit of a batch, so this is a bug and not an error of the data.
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
                        // `try_record` discards its rows. Now that the record is known to be good, its rows are kept.
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

    /// Returns the well-formed records at the start of a text.
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

    /// Reads a well-formed record and discards its rows, to find out whether it can be converted.
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
