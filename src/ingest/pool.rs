//! The workers of an ingest: each takes the most urgent job, and no result depends on their number.

use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

use anyhow::Context;
use arrow::record_batch::RecordBatch;

use super::stages::{StageTimes, Stopwatch, Work};
use crate::dump::{Block, Blocks, Buffer, DumpError};
use crate::ingest::record::{BlockReader, BlockRows, Records, Repaired, Tally, Unreadable};
use crate::parquet::DatasetWriter;
use digdag_task::{Failure, Meter};

/// Limit of the bytes of rows that wait to be encoded; reading pauses above it.
const MAX_QUEUED_BYTES: usize = 32 << 20;

/// Converts blocks to rows. Each worker has one.
pub trait BlockParser: Send {
    /// Converts the records of a block.
    ///
    /// # Errors
    /// Returns an error if a record is malformed and may not be skipped.
    fn parse(&mut self, block: &Block) -> Result<BlockRows, Unreadable>;
}

/// Writes the rows of a table, in the order of the dump.
pub trait RowWriter: Send {
    /// Writes the next rows.
    ///
    /// # Errors
    /// Returns an I/O error if the rows cannot be written.
    fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()>;
}

impl RowWriter for DatasetWriter {
    fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        DatasetWriter::append(self, batch)
    }
}

/// The result of reading a dump: the writers, which have all rows, and the counts.
pub struct Ingested<W> {
    /// The reader of the dump, at its end.
    pub blocks: Blocks,
    /// The writers, one per table.
    pub writers: Vec<W>,
    /// The counts of all records.
    pub tally: Tally,
    /// Blocks that the scanner left to the reference tokeniser.
    pub fallback_blocks: u64,
    /// The time that each stage took.
    pub busy: StageTimes,
}

/// A sink for skipped records.
pub trait BadRecords: Send {
    /// Writes a skipped record with its error. `offset` is in the XML of the dump.
    ///
    /// # Errors
    /// Returns an I/O error if the record cannot be written.
    fn keep(&mut self, offset: u64, what: &str, text: &str) -> anyhow::Result<()>;
}

/// Reads all blocks and passes their rows to the writers, one per table. Each worker uses one of `readers`.
///
/// # Errors
/// Returns an error of class `Input` if the dump is damaged or has a malformed record that may not be skipped, and an
/// I/O error if rows or skipped records cannot be written. The same dump always causes the same error.
pub fn run<P: BlockParser, W: RowWriter>(
    blocks: Blocks,
    readers: Vec<P>,
    writers: Vec<W>,
    bad_records: &mut dyn BadRecords,
    progress: &dyn Meter,
) -> anyhow::Result<Ingested<W>> {
    let record = blocks.entity().record();
    let workers = readers.len();
    let queues = writers.into_iter().map(|writer| TableQueue {
        writer: Some(Box::new(writer)),
        batches: VecDeque::new(),
        bytes: 0,
        work: Work::default(),
    });
    let pool = Pool {
        state: Mutex::new(State::new(blocks, queues.collect(), bad_records)),
        wake: Condvar::new(),
        workers,
        record,
        progress,
        started: Instant::now(),
    };
    let mut readers = readers.into_iter();
    std::thread::scope(|scope| {
        let own = readers.next();
        for reader in readers {
            scope.spawn(|| pool.work(reader));
        }
        if let Some(reader) = own {
            pool.work(reader);
        }
    });
    pool.into_result()
}

/// The state that the workers share, and its constants.
struct Pool<'p, W> {
    state: Mutex<State<'p, W>>,
    wake: Condvar,
    workers: usize,
    record: &'static str,
    progress: &'p dyn Meter,
    started: Instant,
}

/// The queues and counts of an ingest, under the lock of the pool.
struct State<'p, W> {
    /// `None` while a worker reads.
    blocks: Option<Box<Blocks>>,
    ended: bool,
    to_parse: VecDeque<Block>,
    /// Buffers of parsed blocks, on their way back to the reader.
    spare: Vec<Buffer>,
    /// The number of blocks that were read and whose rows are not queued yet.
    in_flight: usize,
    /// The results of parsed blocks, by block number.
    parsed: BTreeMap<u64, Parsed>,
    /// The number of the block whose rows are queued next.
    next: u64,
    queues: Vec<TableQueue<W>>,
    queued_bytes: usize,
    bad_records: &'p mut dyn BadRecords,
    tally: Tally,
    fallback_blocks: u64,
    last_id: Option<i64>,
    busy: StageTimes,
    /// Packed bytes and bytes of XML read so far.
    position: u64,
    xml_bytes: u64,
    failure: Option<anyhow::Error>,
}

/// The rows of a table that wait for its writer. One worker at a time encodes a table, which keeps the rows in order.
struct TableQueue<W> {
    /// `None` while a worker encodes.
    writer: Option<Box<W>>,
    batches: VecDeque<RecordBatch>,
    bytes: usize,
    work: Work,
}

/// The result of parsing a block.
struct Parsed {
    offset: u64,
    result: Result<BlockRows, Problem>,
}

/// The error of a block that has no rows.
enum Problem {
    Unreadable(Unreadable),
    Dump(DumpError),
}

/// A unit of work, with what it needs from the state.
enum Job<W> {
    Read(Box<Blocks>),
    Parse(Block),
    Encode { table: usize, writer: Box<W>, batches: VecDeque<RecordBatch> },
}

impl<'p, W: RowWriter> State<'p, W> {
    fn new(blocks: Blocks, queues: Vec<TableQueue<W>>, bad_records: &'p mut dyn BadRecords) -> Self {
        State {
            blocks: Some(Box::new(blocks)),
            ended: false,
            to_parse: VecDeque::new(),
            spare: Vec::new(),
            in_flight: 0,
            parsed: BTreeMap::new(),
            next: 0,
            queues,
            queued_bytes: 0,
            bad_records,
            tally: Tally::default(),
            fallback_blocks: 0,
            last_id: None,
            busy: StageTimes::default(),
            position: 0,
            xml_bytes: 0,
            failure: None,
        }
    }

    /// Takes the most urgent job: reading if few blocks wait for a parser, else encoding the fullest queue, else
    /// parsing.
    fn take_job(&mut self, workers: usize) -> Option<Job<W>> {
        let room = self.in_flight < 2 * workers + 2 && self.queued_bytes < MAX_QUEUED_BYTES;
        if self.to_parse.len() < workers
            && room
            && !self.ended
            && let Some(mut blocks) = self.blocks.take()
        {
            self.spare.drain(..).for_each(|buffer| blocks.recycle(buffer));
            return Some(Job::Read(blocks));
        }
        let fullest = (0..self.queues.len())
            .filter(|table| self.queues[*table].writer.is_some() && !self.queues[*table].batches.is_empty())
            .max_by_key(|table| self.queues[*table].bytes);
        if let Some(table) = fullest
            && let Some(writer) = self.queues[table].writer.take()
        {
            return Some(Job::Encode { table, writer, batches: std::mem::take(&mut self.queues[table].batches) });
        }
        self.to_parse.pop_front().map(Job::Parse)
    }

    fn is_finished(&self) -> bool {
        let idle = |table: &TableQueue<W>| table.writer.is_some() && table.batches.is_empty();
        self.failure.is_some() || (self.ended && self.in_flight == 0 && self.queues.iter().all(idle))
    }

    /// Moves the rows of parsed blocks into the queues, in the order of the blocks. Errors are handled in that order
    /// too, so the same dump always causes the same message.
    fn queue_parsed(&mut self, record: &str) {
        while let Some(parsed) = self.parsed.remove(&self.next) {
            self.next += 1;
            self.in_flight -= 1;
            match parsed.result {
                Ok(rows) => {
                    if let Err(error) = self.queue_rows(parsed.offset, rows) {
                        self.failure.get_or_insert(error);
                    }
                }
                Err(problem) => {
                    let failure = problem.explain(parsed.offset, record, self.last_id);
                    self.failure.get_or_insert(failure.into());
                }
            }
        }
    }

    fn queue_rows(&mut self, offset: u64, rows: BlockRows) -> anyhow::Result<()> {
        self.tally.add(rows.tally);
        self.fallback_blocks += u64::from(rows.fell_back);
        self.last_id = rows.last_id.or(self.last_id);
        for bad in rows.bad {
            self.bad_records.keep(offset + bad.offset as u64, &bad.what, &bad.text)?;
        }
        for (table, batch) in self.queues.iter_mut().zip(rows.batches) {
            if batch.num_rows() > 0 {
                let bytes = batch.get_array_memory_size();
                table.bytes += bytes;
                self.queued_bytes += bytes;
                table.batches.push_back(batch);
            }
        }
        Ok(())
    }
}

impl Problem {
    /// Returns the failure, with the offset in the XML and the last whole record.
    fn explain(self, block_offset: u64, record: &str, last_id: Option<i64>) -> Failure {
        let (error, last_id) = match self {
            Problem::Dump(error) => (error, last_id),
            Problem::Unreadable(unreadable) => {
                let error = DumpError {
                    offset: block_offset + unreadable.malformed.offset as u64,
                    what: unreadable.malformed.what,
                    hint: "on_bad_record=skip leaves such records out and keeps them in _reports",
                    is_external: false,
                };
                (error, unreadable.last_id.or(last_id))
            }
        };
        let last = match last_id {
            Some(id) => format!("the last whole {record} is {id}"),
            None => format!("no whole {record} comes before"),
        };
        error.failure(format!("{}, at byte {} of the XML; {last}", error.what, error.offset))
    }
}

impl<'p, W: RowWriter> Pool<'p, W> {
    fn lock(&self) -> MutexGuard<'_, State<'p, W>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs jobs until none are left or one failed.
    fn work<P: BlockParser>(&self, mut reader: P) {
        let mut state = self.lock();
        loop {
            if state.is_finished() {
                self.wake.notify_all();
                return;
            }
            let Some(job) = state.take_job(self.workers) else {
                state = self.wake.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                continue;
            };
            drop(state);
            let done = std::panic::catch_unwind(AssertUnwindSafe(|| self.run_job(job, &mut reader)));
            state = self.lock();
            let result = match done {
                Ok(done) => self.take_back(&mut state, done),
                Err(_) => Err(Failure::unexpected("internal error; the line above says where").into()),
            };
            if let Err(error) = result {
                state.failure.get_or_insert(error);
            }
            self.wake.notify_all();
        }
    }

    fn run_job<P: BlockParser>(&self, job: Job<W>, reader: &mut P) -> Done<W> {
        let watch = Stopwatch::start();
        let result = match job {
            Job::Read(mut blocks) => {
                let block = blocks.next_block();
                DoneJob::Read(blocks, block)
            }
            Job::Parse(block) => {
                let result = reader.parse(&block).map_err(Problem::Unreadable);
                let parsed = Parsed { offset: block.offset, result };
                DoneJob::Parse { number: block.number, parsed, buffer: block.bytes }
            }
            Job::Encode { table, mut writer, batches } => {
                let result = batches.into_iter().try_for_each(|batch| writer.append(batch));
                DoneJob::Encode { table, writer, result }
            }
        };
        Done { result, work: watch.stop() }
    }

    /// Updates the state with the result of a job.
    fn take_back(&self, state: &mut State<'p, W>, done: Done<W>) -> anyhow::Result<()> {
        match done.result {
            DoneJob::Read(blocks, block) => {
                state.busy.inflate.add(done.work);
                match block {
                    Ok(Some(block)) => {
                        state.in_flight += 1;
                        state.to_parse.push_back(block);
                    }
                    Ok(None) => state.ended = true,
                    Err(error) => {
                        state.ended = true;
                        state.in_flight += 1;
                        let number = blocks.blocks_given();
                        state.parsed.insert(number, Parsed { offset: error.offset, result: Err(Problem::Dump(error)) });
                        state.queue_parsed(self.record);
                    }
                }
                state.position = blocks.position().load(Ordering::Relaxed);
                state.xml_bytes = blocks.offset();
                state.blocks = Some(blocks);
            }
            DoneJob::Parse { number, parsed, buffer } => {
                state.busy.parse.add(done.work);
                state.spare.push(buffer);
                state.parsed.insert(number, parsed);
                state.queue_parsed(self.record);
                let (records, xml_bytes) = (state.tally.records, state.xml_bytes);
                self.progress.advance_to(state.position, &|| {
                    let rate = xml_bytes as f64 / 1e6 / self.started.elapsed().as_secs_f64().max(1e-3);
                    format!("{records} {}s, {rate:.0} MB of XML a second", self.record)
                });
            }
            DoneJob::Encode { table, writer, result } => {
                state.busy.encode.add(done.work);
                let table = &mut state.queues[table];
                table.work.add(done.work);
                table.writer = Some(writer);
                let waiting: usize = table.batches.iter().map(RecordBatch::get_array_memory_size).sum();
                let encoded = table.bytes - waiting;
                table.bytes = waiting;
                state.queued_bytes -= encoded;
                result?;
            }
        }
        Ok(())
    }

    fn into_result(self) -> anyhow::Result<Ingested<W>> {
        let state = self.state.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(failure) = state.failure {
            return Err(failure);
        }
        let blocks = state.blocks.context("the dump was not given back")?;
        let mut busy = state.busy;
        busy.encode_of_one_table =
            state.queues.iter().map(|table| table.work).max_by_key(|work| work.cpu).unwrap_or_default();
        let writers: Vec<_> = state.queues.into_iter().filter_map(|table| table.writer.map(|writer| *writer)).collect();
        let (tally, fallback_blocks) = (state.tally, state.fallback_blocks);
        Ok(Ingested { blocks: *blocks, writers, tally, fallback_blocks, busy })
    }
}

/// The result of a job, and the time that it took.
struct Done<W> {
    result: DoneJob<W>,
    work: Work,
}

enum DoneJob<W> {
    Read(Box<Blocks>, Result<Option<Block>, DumpError>),
    Parse { number: u64, parsed: Parsed, buffer: Buffer },
    Encode { table: usize, writer: Box<W>, result: anyhow::Result<()> },
}

impl<R: Records> BlockParser for BlockReader<R> {
    /// Invalid bytes and characters are replaced and counted, because a name with one wrong byte is worth more than no
    /// name.
    fn parse(&mut self, block: &Block) -> Result<BlockRows, Unreadable> {
        let repaired = Repaired::of(&block.bytes);
        match self.read(&repaired.text) {
            Ok(mut rows) => {
                rows.tally.count("invalid_utf8", repaired.invalid_utf8);
                rows.tally.count("invalid_characters", repaired.invalid_characters);
                for bad in &mut rows.bad {
                    bad.offset = repaired.offset_in_block(bad.offset);
                }
                Ok(rows)
            }
            Err(mut unreadable) => {
                unreadable.malformed.offset = repaired.offset_in_block(unreadable.malformed.offset);
                Err(unreadable)
            }
        }
    }
}
