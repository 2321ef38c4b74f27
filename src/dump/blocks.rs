use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memchr::memmem;

use super::boundary::{last_boundary_from, last_end};
use super::{Buffer, Entity, Fault, Source, SourceEnd, shown};

/// A record larger than this is refused: the largest known has some 5 MB, and memory must not grow with the dump.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// Buffers kept for the blocks to come. A worker has one block at a time and a few wait.
const MOST_SPARE_BUFFERS: usize = 8;

/// What may stand before the root element.
const MAX_PROLOGUE_BYTES: usize = 64 << 10;

/// Whole records of a dump, one after the other.
#[derive(Debug)]
pub struct Block {
    /// From 0, without gaps.
    pub number: u64,
    /// Bytes of XML before it.
    pub offset: u64,
    pub bytes: Buffer,
}

/// Cuts a dump into blocks at record starts.
pub struct Blocks {
    source: Source,
    entity: Entity,
    block_bytes: usize,
    /// Read and not given out yet.
    pending: Buffer,
    /// Buffers of blocks that are done with: fresh memory costs a page fault each 4 KiB.
    spare: Vec<Buffer>,
    /// Bytes of XML before `pending`.
    offset: u64,
    number: u64,
    state: State,
}

enum State {
    BeforeRoot,
    Records,
    Ended,
    /// What is wrong, once the whole records before it were given out. Nothing is read after a fault: a decoder that
    /// has reported an error may report a clean end next.
    Faulty(Fault),
}

impl Blocks {
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
            state,
        }
    }

    /// How many packed bytes were read so far, for others to watch.
    pub fn position(&self) -> Arc<AtomicU64> {
        self.source.position()
    }

    /// Bytes of XML in the blocks given out.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many blocks were given out.
    pub fn blocks_given(&self) -> u64 {
        self.number
    }

    /// The next block; `None` when the root element was closed, nothing followed, and the gzip trailers were right.
    ///
    /// Records that are whole before a fault are given out first, so that the message can name the last one.
    pub fn next_block(&mut self) -> Result<Option<Block>, Fault> {
        if let State::BeforeRoot = self.state {
            let fault = self.pass_root()?;
            self.state = State::Records;
            if let Some(fault) = fault {
                return self.last_before(fault).map(Some);
            }
        }
        match &self.state {
            State::Ended => return Ok(None),
            State::Faulty(fault) => return Err(fault.clone()),
            State::BeforeRoot | State::Records => {}
        }
        // A record of many megabytes is not searched again each time a piece of it comes.
        let mut searched = 0;
        loop {
            let wanted = self.block_bytes.saturating_sub(self.pending.len()).max(self.block_bytes / 4 + 1);
            match self.source.read_to(&mut self.pending, wanted) {
                Ok(false) => {}
                Ok(true) => return self.last_block().map(Some),
                Err(fault) => return self.last_before(fault).map(Some),
            }
            match last_boundary_from(self.entity, &self.pending, searched) {
                Ok(end) => return Ok(Some(self.cut(end))),
                Err(from) => searched = from,
            }
            if self.pending.len() > MAX_RECORD_BYTES {
                let record = self.entity.record();
                let what = format!("a <{record}> is larger than {} MiB, or no <{record}> is", MAX_RECORD_BYTES >> 20);
                return Err(Fault { offset: self.offset, what });
            }
        }
    }

    /// Takes back the buffer of a block, to be filled again. One that a huge record has stretched is let go.
    pub fn recycle(&mut self, buffer: Buffer) {
        if self.spare.len() < MOST_SPARE_BUFFERS && buffer.capacity() <= 2 * self.block_bytes {
            self.spare.push(buffer);
        }
    }

    /// What the file was, after the last block.
    pub fn finish(self) -> Result<SourceEnd, Fault> {
        self.source.finish()
    }

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

    /// The source is at its end: what is left is records, the root's end tag, white space.
    fn last_block(&mut self) -> Result<Block, Fault> {
        let end_tag = format!("</{}>", self.entity);
        let Some(at) = memmem::rfind(&self.pending, end_tag.as_bytes()) else {
            let what = format!("the XML ends before <{}> is closed", self.entity);
            return self.last_before(self.fault_at(self.pending.len(), what));
        };
        let tail = at + end_tag.len();
        if let Some(extra) = self.pending[tail..].iter().position(|byte| !byte.is_ascii_whitespace()) {
            return Err(self.fault_at(tail + extra, format!("something follows {end_tag}")));
        }
        let block = self.cut(at);
        self.pending = Buffer::default();
        self.state = State::Ended;
        Ok(block)
    }

    /// The whole records before a fault; the next call gives the fault.
    fn last_before(&mut self, fault: Fault) -> Result<Block, Fault> {
        self.state = State::Faulty(fault.clone());
        match last_end(self.entity, &self.pending) {
            Some(end) => Ok(self.cut(end)),
            None => Err(fault),
        }
    }

    /// Passes what stands before the records: a byte order mark, an XML declaration, comments, the root's start tag.
    /// Gives a fault that was met behind that, for the whole records before it to be given out first.
    fn pass_root(&mut self) -> Result<Option<Fault>, Fault> {
        let (ended, fault) = match self.source.read_to(&mut self.pending, MAX_PROLOGUE_BYTES) {
            Ok(ended) => (ended, None),
            Err(fault) => (true, Some(fault)),
        };
        // What the fault cut off is no flaw of its own.
        let or_fault = |other: Fault| fault.clone().unwrap_or(other);
        let mut at = if self.pending.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        loop {
            let rest = &self.pending[at..];
            let space = rest.len() - rest.trim_ascii_start().len();
            at += space;
            let rest = &rest[space..];
            let passed = if rest.starts_with(b"<?") {
                memmem::find(rest, b"?>").map(|end| end + 2)
            } else if rest.starts_with(b"<!--") {
                memmem::find(rest, b"-->").map(|end| end + 3)
            } else {
                break;
            };
            at += passed.ok_or_else(|| or_fault(self.fault_at(at, "the XML has no root element".to_owned())))?;
        }
        let rest = &self.pending[at..];
        if rest.len() >= 2 && rest[..2].eq_ignore_ascii_case(b"<!") {
            return Err(
                self.fault_at(at, "a document type declaration; a dump has none, and none is accepted".to_owned())
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
                return Err(or_fault(self.fault_at(at, "the file holds no XML".to_owned())));
            }
            _ => return Err(or_fault(self.fault_at(at, "the file is not XML".to_owned()))),
        };
        if name != self.entity.name() {
            let whose = match Entity::ALL.into_iter().find(|entity| entity.name() == name) {
                Some(other) => format!("this is the dump of {other}, not of {}", self.entity),
                None => format!("the root element is <{}>, not <{}>", shown(&name, 40), self.entity),
            };
            return Err(self.fault_at(at, whose));
        }
        let passed = at + end.unwrap_or_default() + 1;
        if self.pending[..passed].ends_with(b"/>") {
            // An empty root: what follows is held to the same rules as behind an end tag.
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
            return Err(or_fault(self.fault_at(self.pending.len(), what)));
        }
        Ok(fault)
    }

    fn fault_at(&self, at: usize, what: String) -> Fault {
        Fault { offset: self.offset + at as u64, what }
    }
}
