//! Appends a dump to the bronze table of its entity, in one commit.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use lake_catalog::{Access, Session, Table, WrittenFile};

use super::check::of_table;
use super::columns::{self, Stamp, name};
use super::cut::Cutter;
use super::held::Held;
use super::known::Known;
use super::load::{LOADS, Load, Mode, kept_since, next_time};
use super::state::{State, attach_work, repeated_id};
use super::writer::{Counts, Ids, LoadWriter, NotKeyed, Written};
use crate::dump::{Blocks, DumpFile, Entity, Source, sha256_of_dump};
use crate::ingest::{BadRecords, Ingested, read_blocks};
use crate::lake::{DumpMonth, Lake};
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{CatalogArgs, NewFiles, SECONDS, TASK, Tables, lock_waiting};
use digdag_task::{Amount, Failure, Observer};

/// Attempts at a commit that other writers overtake.
const MAX_ATTEMPTS: usize = 5;

/// The snapshot's property with the digest of the dump.
const SHA256: &str = "discogs.input-sha256";

/// A dump to append.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The entity.
    pub entity: Entity,
    /// The dump.
    pub file: &'r DumpFile,
    /// Its month.
    pub month: &'r DumpMonth,
    /// The records to append. Changes become a full load if there is nothing that they could stand on.
    pub mode: Mode,
    /// How long bronze is kept, in days.
    pub retention_days: u32,
    /// XML to read at once, in bytes.
    pub block_bytes: usize,
}

/// An appended dump.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The load.
    pub load: Load,
    /// Whether an earlier call had appended it.
    pub is_old: bool,
    /// The snapshot, unless the load is old.
    pub snapshot: Option<i64>,
    /// The records, if the load is not old.
    pub counts: Counts,
    /// The new files, and their bytes.
    pub files: (u64, u64),
    /// The size of the dump's XML, if the load is not old.
    pub xml_bytes: u64,
    /// Why all records were appended in place of changes.
    pub why_full: Option<String>,
}

/// Appends a dump, unless the table has it.
///
/// # Errors
/// Returns an error of class `Input` if the dump is damaged or does not match its CHECKSUM file, of class `Locked` if
/// another task writes to the table, and an error if a file cannot be written or the catalog refuses the commit. The table is
/// unchanged then.
pub fn append(
    lake: &Lake,
    task: &str,
    request: &Request<'_>,
    catalog: &CatalogArgs,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Appended> {
    let began = Instant::now();
    let _lock = lake.lock_table(&name(request.entity).to_string(), task)?;
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let work = Work { lake, task, request, catalog, engine, scratch: scratch.path(), observer };
    let sha256 = work.sha256()?;
    let before = work.before(&sha256)?;
    if let Some(load) = before.same {
        return Ok(Appended {
            load,
            is_old: true,
            snapshot: None,
            counts: Counts::default(),
            files: (0, 0),
            xml_bytes: 0,
            why_full: None,
        });
    }
    let stamp = Stamp {
        ingested_at: next_time(before.latest)?,
        source_file: request.file.name(),
        sha256,
        dump_month: request.month.clone(),
    };
    let (mut why_full, mut mode) = (before.why_full, before.mode);
    let table = before.table.as_ref();
    let passed = match before.known.map(|known| work.pass(table, &stamp, Some(known))) {
        None => work.pass(table, &stamp, None)?,
        Some(Err(error)) if error.downcast_ref::<NotKeyed>().is_some() => {
            let reason = error.downcast_ref::<NotKeyed>().map(ToString::to_string);
            (why_full, mode) = (reason, Mode::Full);
            work.pass(table, &stamp, None)?
        }
        Some(passed) => passed?,
    };
    let Passed { written, xml_bytes, root_attributes, is_keyed } = passed;
    let load = Load {
        ingested_at: stamp.ingested_at,
        dump_month: stamp.dump_month,
        source_file: stamp.source_file,
        sha256: stamp.sha256,
        mode,
        records: written.counts.records,
        rows: written.counts.rows(),
        is_keyed,
        records_md5: written.records_md5,
        root_attributes,
    };
    let sizes = written.files.iter().map(|file| Ok(fs::metadata(&file.path)?.len()));
    let bytes = sizes.sum::<std::io::Result<u64>>().context("cannot inspect a written file")?;
    let files = (written.files.len() as u64, bytes);
    let snapshot = work.commit((&before.loads, before.latest), &load, written.files, &written.counts, began)?;
    let (snapshot, counts) = (Some(snapshot), written.counts);
    Ok(Appended { load, is_old: false, snapshot, counts, files, xml_bytes, why_full })
}

/// The table before a load.
struct Before {
    table: Option<Table>,
    /// The loads to keep in the list.
    loads: Vec<Load>,
    /// The time of the latest load.
    latest: Option<Timestamp>,
    /// The load of the same dump, if the table has all of its rows.
    same: Option<Load>,
    mode: Mode,
    /// The latest records, for a load of changes.
    known: Option<Known>,
    /// Why there are no changes, if they are requested.
    why_full: Option<String>,
}

/// A dump that was read.
struct Passed {
    written: Written,
    xml_bytes: u64,
    root_attributes: Vec<String>,
    is_keyed: bool,
}

struct Work<'w> {
    lake: &'w Lake,
    task: &'w str,
    request: &'w Request<'w>,
    catalog: &'w CatalogArgs,
    engine: &'w EngineParameters,
    scratch: &'w Path,
    observer: &'w dyn Observer,
}

impl Work<'_> {
    /// Returns the sha256 of the dump, after comparing it with the CHECKSUM file.
    fn sha256(&self) -> anyhow::Result<String> {
        let file = self.request.file;
        let meter = self.observer.begin(Amount::bytes(file.bytes));
        let sha256 = sha256_of_dump(file, &mut |read| meter.advance_to(read, &|| "computing the sha256".to_owned()))?;
        file.expect_sha256(&sha256)?;
        Ok(sha256)
    }

    /// Reads the table, and for a load of changes the latest records.
    fn before(&self, sha256: &str) -> anyhow::Result<Before> {
        let mut before = Before {
            table: None,
            loads: Vec::new(),
            latest: None,
            same: None,
            mode: Mode::Full,
            known: None,
            why_full: None,
        };
        let asks_for_changes = self.request.mode == Mode::Changes;
        let no_table = asks_for_changes.then(|| "it is the first of the table".to_owned());
        let Some(mut tables) = Tables::open(self.lake, Access::Read, self.catalog)? else {
            return Ok(Before { why_full: no_table, ..before });
        };
        let Some(table) = tables.own(&name(self.request.entity))? else {
            return Ok(Before { why_full: no_table, ..before });
        };
        let loads = Load::of(&table)?;
        before.latest = loads.iter().map(|load| load.ingested_at).max();
        let deviations = of_table(&table)?;
        if let [first, ..] = &deviations[..] {
            // DuckDB cannot count the rows of a table that has lost a file.
            let current = table.metadata().current_snapshot();
            let is_current = current.and_then(|current| current.summary().additional_properties.get(SHA256));
            before.same = loads.iter().rfind(|load| load.sha256 == sha256 && is_current == Some(&load.sha256)).cloned();
            before.why_full = asks_for_changes.then(|| first.clone());
            before.loads = loads;
            before.table = Some(table);
            return Ok(before);
        }
        let engine = self.duckdb("before")?;
        let held = Held::mount(&engine, self.lake, self.request.entity, self.catalog)?.context("the table is there")?;
        let (now, since) = (Timestamp::now(), kept_since(&held.table));
        let is_kept = |load: &&Load| match load.is_out_of_retention(now, self.request.retention_days, since) {
            true => load.rows > 0 && held.is_whole(load),
            false => true,
        };
        before.loads = held.loads.iter().filter(is_kept).cloned().collect();
        before.same = held.loads.iter().find(|load| load.sha256 == sha256 && held.is_whole(load)).cloned();
        if before.same.is_none() && asks_for_changes {
            match self.base(&held, now) {
                Ok(chain) => {
                    attach_work(&engine, &self.scratch.join("before"))?;
                    let state = State::compute(&engine, self.request.entity, chain)?;
                    before.known = Some(state.known(&self.scratch.join("known"))?);
                    before.mode = Mode::Changes;
                }
                Err(why) => before.why_full = Some(format!("{why:#}")),
            }
        }
        before.table = Some(held.table);
        Ok(before)
    }

    /// Returns the loads on which changes can stand.
    ///
    /// # Errors
    /// Fails with the reason if there are none.
    fn base<'h>(&self, held: &'h Held, now: Timestamp) -> anyhow::Result<&'h [Load]> {
        let last = held.loads.len().checked_sub(1).context("the table has no load")?;
        let chain = held.chain(last)?;
        let (base, days) = (&chain[0], self.request.retention_days);
        let leaves = base.leaves_retention_soon(now, days);
        anyhow::ensure!(!leaves, "the full load of {} leaves retention before the next dump", base.dump_month);
        let last = &held.loads[last];
        anyhow::ensure!(last.is_keyed, "records of the dump of {} have no id, or the same", last.dump_month);
        Ok(chain)
    }

    /// Opens DuckDB with a scratch folder of this name.
    fn duckdb(&self, folder: &str) -> anyhow::Result<DuckDb> {
        let spill = self.scratch.join(folder);
        fs::create_dir(&spill).with_context(|| format!("cannot make the folder {}", spill.display()))?;
        DuckDb::open(self.engine, &spill)
    }

    /// Reads the dump and writes its rows into files.
    fn pass(&self, table: Option<&Table>, stamp: &Stamp, known: Option<Known>) -> anyhow::Result<Passed> {
        let Request { entity, file, block_bytes, .. } = *self.request;
        let folder = self.scratch.join(if known.is_some() { "changes" } else { "full" });
        fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let source = Source::open(file).with_context(|| format!("cannot open {}", file.path.display()))?;
        let blocks = Blocks::new(source, entity, block_bytes);
        let threads = self.engine.worker_threads();
        let cutters = (0..threads).map(|_| Cutter::new(entity)).collect();
        let change = columns::change(self.lake, entity, table, Session::new())?;
        let of_changes = known.is_some();
        let writers = vec![LoadWriter::new(&change, &folder, stamp.clone(), known)?];
        let progress = self.observer.begin(Amount::bytes(file.bytes));
        let in_file = || format!("{}", file.path.display());
        let read = read_blocks(blocks, cutters, writers, &mut NoBadRecords, progress.as_ref()).with_context(in_file)?;
        drop(progress);
        let Ingested { blocks, writers, .. } = read;
        let root_attributes = blocks.root_attributes().to_vec();
        let end = blocks.finish().map_err(|error| error.failure(error.what.clone())).with_context(in_file)?;
        if end.sha256 != stamp.sha256 {
            return Err(Failure::input(format!("{} changed while it was read", file.path.display()))
                .hint("try again when the process that writes it has ended")
                .into());
        }
        let written = writers.into_iter().next().context("the writer was not given back")?.finish()?;
        let is_keyed = match written.ids {
            Ids::Unique => true,
            Ids::Missing => false,
            Ids::Unsure => {
                let paths: Vec<_> = written.files.iter().map(|file| file.path.as_path()).collect();
                match repeated_id(&self.duckdb(if of_changes { "ids" } else { "all-ids" })?, &paths)? {
                    Some(id) if of_changes => {
                        return Err(NotKeyed(format!("several records of the dump have the id {id}")).into());
                    }
                    repeated => repeated.is_none(),
                }
            }
        };
        Ok(Passed { written, xml_bytes: end.xml_bytes, root_attributes, is_keyed })
    }

    /// Commits a load. Returns the id of its snapshot.
    fn commit(
        &self,
        (before, latest): (&[Load], Option<Timestamp>),
        load: &Load,
        files: Vec<WrittenFile>,
        counts: &Counts,
        began: Instant,
    ) -> anyhow::Result<i64> {
        let table = name(self.request.entity);
        let overtaken = || {
            Failure::locked(format!("another writer changed table {table} while the dump was read"))
                .hint("run the same command again")
        };
        let loads = serde_json::to_string(&before.iter().chain([load]).collect::<Vec<_>>())?;
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let new = NewFiles { written: files, properties: self.properties(load, counts, began), ..NewFiles::default() };
        for _ in 0..MAX_ATTEMPTS {
            let mut publication = lock_waiting(self.lake, self.task, self.catalog, self.observer)?;
            let tables = publication.tables_or_create(self.catalog)?;
            let current = tables.own(&table)?;
            let now = current.as_ref().map(Load::of).transpose()?.unwrap_or_default();
            // Upkeep may have rewritten files since, but a further load would be one that this one does not know.
            if now.iter().map(|load| load.ingested_at).max() != latest {
                return Err(overtaken().into());
            }
            let committed = tables.commit_own(&table, current.as_ref(), new.clone(), |current, session| {
                let mut change = columns::change(self.lake, self.request.entity, current, session)?;
                change.set_properties(&[(LOADS, &loads)])?;
                Ok(change)
            })?;
            match committed {
                Some(snapshot) => return Ok(snapshot),
                // A commit that failed has removed the files.
                None if !paths.iter().all(|path| path.exists()) => break,
                None => {}
            }
        }
        Err(overtaken().into())
    }

    fn properties(&self, load: &Load, counts: &Counts, began: Instant) -> HashMap<String, String> {
        let counts = [
            ("discogs.rows-inserted", counts.inserted),
            ("discogs.rows-updated", counts.updated),
            ("discogs.rows-moved", counts.moved),
            ("discogs.rows-deleted", counts.deleted),
            ("discogs.records", counts.records),
        ];
        let mut properties: HashMap<_, _> =
            counts.iter().map(|(name, count)| ((*name).to_owned(), count.to_string())).collect();
        for (name, value) in [
            (TASK, self.task),
            (SECONDS, &format!("{:.3}", began.elapsed().as_secs_f64())),
            ("discogs.dump-month", load.dump_month.as_str()),
            ("discogs.input-name", &load.source_file),
            (SHA256, &load.sha256),
            ("discogs.load-mode", load.mode.name()),
        ] {
            properties.insert(name.to_owned(), value.to_owned());
        }
        properties
    }
}

/// Cutting records skips none.
struct NoBadRecords;

impl BadRecords for NoBadRecords {
    fn keep(&mut self, _offset: u64, _what: &str, _text: &str) -> anyhow::Result<()> {
        Ok(())
    }
}
