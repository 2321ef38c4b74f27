//! Cuts the XML of a dump into blocks of whole records.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memchr::memmem;
use quick_xml::events::BytesStart;

use super::boundary::{last_boundary_from, last_end};
use super::document::{declaration_end, foreign_encoding, last_end_tag, misc_end, without_mark};
use super::{Buffer, DumpError, Entity, Source, SourceEnd, shown};

/// A record larger than this is refused: the largest known has some 5 MB, and memory must not grow with the dump.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// Buffers kept for later blocks: each worker holds one block at a time, and a few blocks wait in the queue.
const MAX_SPARE_BUFFERS: usize = 8;

/// Limit of the declaration, comments and the like before the root element.
const MAX_PROLOGUE_BYTES: usize = 64 << 10;

/// End tags of the root element that are tried. In a valid dump, all but one of them are inside comments after the
/// root.
const MAX_ROOT_END_TAGS: usize = 100;

/// A run of whole, consecutive records of a dump.
#[derive(Debug)]
pub struct Block {
    /// The number of the block: from 0, without gaps.
    pub number: u64,
    /// Bytes of XML before the block.
    pub offset: u64,
    /// The XML of the records.
    pub bytes: Buffer,
}

/// Cuts a dump into blocks at record starts.
pub struct Blocks {
    source: Source,
    entity: Entity,
    block_bytes: usize,
    /// Bytes that were read and belong to no block yet.
    pending: Buffer,
    /// Buffers of parsed blocks, for reuse: fresh memory costs a page fault per 4 KiB.
    spare: Vec<Buffer>,
    /// Bytes of XML before `pending`.
    offset: u64,
    number: u64,
    /// The names of the root element's attributes.
    root_attributes: Vec<String>,
    state: State,
}

enum State {
    BeforeRoot,
    Records,
    Ended,
    /// The error to return after the whole records before it. Nothing is read after an error, because a decoder that
    /// has reported an error may report a clean end next.
    Failed(DumpError),
}

impl Blocks {
    /// Returns a reader that cuts `source` into blocks of about `block_bytes` bytes of XML.
    pub fn new(source: Source, entity: Entity, block_bytes: usize) -> Self {
        let (pending, state) = (Buffer::default(), State::BeforeRoot);
        Blocks {
            source,
            entity,
            block_bytes: block_bytes.max(1),
            pending,
            spare: Vec::new(),
            offset: 0,
            number: 0,
            root_attributes: Vec::new(),
            state,
        }
    }

    /// Returns the entity of the dump.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// Returns the number of packed bytes read so far, shared with the thread that draws the progress.
    pub fn position(&self) -> Arc<AtomicU64> {
        self.source.position()
    }

    /// Returns the number of bytes of XML in the blocks so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the names of the root element's attributes. The root element is in no block; its attributes are known
    /// once the first block was returned.
    pub fn root_attributes(&self) -> &[String] {
        &self.root_attributes
    }

    /// Returns the number of blocks so far.
    pub fn blocks_given(&self) -> u64 {
        self.number
    }

    /// Returns the next block; `None` if the root element was closed, nothing followed, and the gzip trailers were
    /// right.
    ///
    /// Whole records before an error are returned first, so that the message can name the last one.
    ///
    /// # Errors
    /// Returns an error if the dump is damaged, truncated, of another entity or in another encoding.
    pub fn next_block(&mut self) -> Result<Option<Block>, DumpError> {
        if let State::BeforeRoot = self.state {
            let error = self.pass_root()?;
            self.state = State::Records;
            if let Some(error) = error {
                return self.last_before(error).map(Some);
            }
        }
        match &self.state {
            State::Ended => return Ok(None),
            State::Failed(error) => return Err(error.clone()),
            State::BeforeRoot | State::Records => {}
        }
        // A record of many megabytes is not searched from its start after every read.
        let mut searched = 0;
        loop {
            let wanted = self.block_bytes.saturating_sub(self.pending.len()).max(self.block_bytes / 4 + 1);
            match self.source.read_to(&mut self.pending, wanted) {
                Ok(false) => {}
                Ok(true) => return self.last_block().map(Some),
                Err(error) => return self.last_before(error).map(Some),
            }
            match last_boundary_from(self.entity, &self.pending, searched) {
                Ok(end) => return Ok(Some(self.cut(end))),
                Err(from) => searched = from,
            }
            if self.pending.len() > MAX_RECORD_BYTES {
                let record = self.entity.record();
                let what = format!("a <{record}> is larger than {} MiB, or no <{record}> is", MAX_RECORD_BYTES >> 20);
                return self.last_before(DumpError::new(self.offset, what)).map(Some);
            }
        }
    }

    /// Keeps the buffer of a parsed block for reuse. A buffer that a huge record has enlarged is freed instead.
    pub fn recycle(&mut self, buffer: Buffer) {
        if self.spare.len() < MAX_SPARE_BUFFERS && buffer.capacity() <= 2 * self.block_bytes {
            self.spare.push(buffer);
        }
    }

    /// Returns the size and hash of the file, after the last block.
    ///
    /// # Errors
    /// Returns an error if the file changed while it was read, or was not read to its end.
    pub fn finish(self) -> Result<SourceEnd, DumpError> {
        self.source.finish()
    }

    /// Moves the first `end` pending bytes into a block.
    fn cut(&mut self, end: usize) -> Block {
        let mut rest = self.spare.pop().unwrap_or_default();
        rest.truncate(0);
        rest.append(&self.pending[end..]);
        self.pending.truncate(end);
        let bytes = std::mem::replace(&mut self.pending, rest);
        let block = Block { number: self.number, offset: self.offset, bytes };
        self.offset += end as u64;
        self.number += 1;
        block
    }

    /// Cuts the last block. The source is at its end; the remaining bytes are records, the root's end tag, and
    /// comments, processing instructions or white space after it.
    fn last_block(&mut self) -> Result<Block, DumpError> {
        let Some((start, end)) = self.root_end() else {
            let what = format!("the XML ends before <{}> is closed", self.entity);
            return self.last_before(self.error_at(self.pending.len(), what));
        };
        let behind = match misc_end(&self.pending[end..]) {
            Ok(misc) if end + misc == self.pending.len() => None,
            Ok(misc) => Some(self.error_at(end + misc, format!("something follows </{}>", self.entity))),
            Err(unclosed) => {
                let what = format!("what follows </{}> does not end", self.entity);
                Some(self.error_at(end + unclosed, what))
            }
        };
        let block = self.cut(start);
        self.pending = Buffer::default();
        self.state = behind.map_or(State::Ended, State::Failed);
        Ok(block)
    }

    /// Returns the start and end of the root's end tag. A comment after the root may contain the tag too, so this picks
    /// the tag that is followed by the longest run of comments and white space, which reaches the end of a whole
    /// document.
    fn root_end(&self) -> Option<(usize, usize)> {
        let last = last_end_tag(&self.pending, self.entity.name())?;
        let before = |tag: &(usize, usize)| last_end_tag(&self.pending[..tag.0], self.entity.name());
        let end_of_misc = |tag: &(usize, usize)| match misc_end(&self.pending[tag.1..]) {
            Ok(length) | Err(length) => tag.1 + length,
        };
        std::iter::successors(Some(last), before).take(MAX_ROOT_END_TAGS).max_by_key(end_of_misc)
    }

    /// Cuts the whole records before an error; the next call returns the error.
    fn last_before(&mut self, error: DumpError) -> Result<Block, DumpError> {
        self.state = State::Failed(error.clone());
        match last_end(self.entity, &self.pending) {
            Some(end) => Ok(self.cut(end)),
            None => Err(error),
        }
    }

    /// Skips a byte order mark, the XML declaration, comments and the root's start tag. Returns a read error that
    /// occurred after them, so that the whole records before the error come first.
    fn pass_root(&mut self) -> Result<Option<DumpError>, DumpError> {
        let (ended, error) = match self.source.read_to(&mut self.pending, MAX_PROLOGUE_BYTES) {
            Ok(ended) => (ended, None),
            Err(error) => (true, Some(error)),
        };
        if let Some((at, name)) = foreign_encoding(&self.pending) {
            let what = format!("the XML is in the encoding {name}, and only UTF-8 is read");
            let hint = "convert it to UTF-8 with iconv, change its XML declaration, and compress it again";
            return Err(DumpError { hint, ..self.error_at(at, what) });
        }
        // A prologue that the read error truncated is reported as that read error.
        let or_first = |other: DumpError| error.clone().unwrap_or(other);
        let no_root = |at: usize| or_first(self.error_at(at, "the XML has no root element".to_owned()));
        let text = without_mark(&self.pending).trim_ascii_start();
        let start = self.pending.len() - text.len();
        let mut at = start + declaration_end(text).ok_or_else(|| no_root(start))?;
        at += misc_end(&self.pending[at..]).map_err(|unclosed| no_root(at + unclosed))?;
        let rest = &self.pending[at..];
        if rest.len() >= 2 && rest[..2].eq_ignore_ascii_case(b"<!") {
            return Err(
                self.error_at(at, "a document type declaration; a dump has none, and none is accepted".to_owned())
            );
        }
        let end = rest.iter().position(|byte| *byte == b'>');
        let name = match (rest.first(), end) {
            (Some(b'<'), Some(end)) => {
                let tag = &rest[1..end];
                let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
                String::from_utf8_lossy(name).into_owned()
            }
            _ if rest.is_empty() && ended => {
                return Err(or_first(self.error_at(at, "the file holds no XML".to_owned())));
            }
            _ => return Err(or_first(self.error_at(at, "the file is not XML".to_owned()))),
        };
        if name != self.entity.name() {
            let whose = match Entity::ALL.into_iter().find(|entity| entity.name() == name) {
                Some(other) => format!("this is the dump of {other}, not of {}", self.entity),
                None => format!("the root element is <{}>, not <{}>", shown(&name, 40), self.entity),
            };
            return Err(self.error_at(at, whose));
        }
        let tag = String::from_utf8_lossy(&rest[1..end.unwrap_or_default()]);
        let attributes = BytesStart::from_content(tag.trim_end_matches('/'), name.len());
        // No duplicate check: the prologue is bounded, but comparing every name with every other is quadratic.
        let mut attributes = attributes.attributes();
        let names = attributes.with_checks(false).flatten();
        self.root_attributes = names.map(|attribute| attribute.key.as_ref().to_owned()).collect();
        let passed = at + end.unwrap_or_default() + 1;
        if self.pending[..passed].ends_with(b"/>") {
            // An empty root becomes a start and an end tag, so that the bytes after it are checked like those of any
            // dump.
            let rest = self.pending[passed..].to_vec();
            self.pending.truncate(passed - 2);
            self.pending.append(format!("></{}>", self.entity).as_bytes());
            self.pending.append(&rest);
            self.cut(passed - 1);
        } else {
            self.cut(passed);
        }
        self.number = 0;
        if ended && memmem::find(&self.pending, b"<").is_none() {
            let what = format!("the XML ends before <{}> is closed", self.entity);
            return Err(or_first(self.error_at(self.pending.len(), what)));
        }
        Ok(error)
    }

    fn error_at(&self, at: usize, what: String) -> DumpError {
        DumpError::new(self.offset + at as u64, what)
    }
}
