//! Writes the dump of a month again, from bronze alone: its records byte for byte, in their order.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};

use super::columns::name;
use super::held::Held;
use super::load::Load;
use super::rows::LoadRows;
use super::state::{State, attach_work};
use crate::dump::Entity;
use crate::lake::{DumpMonth, Lake, write_whole};
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{CatalogArgs, no_tables};
use digdag_task::{Amount, Failure, Observer};

/// The dump to restore.
#[derive(Clone, Debug)]
pub struct Wanted<'w> {
    /// The entity.
    pub entity: Entity,
    /// The month, of which the last load is taken.
    pub month: &'w DumpMonth,
    /// The folder for the file.
    pub folder: &'w Path,
    /// Whether a file that exists is replaced.
    pub replace: bool,
}

/// A restored dump.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The file.
    pub path: PathBuf,
    /// Its records.
    pub records: u64,
    /// The loads that have rows of it.
    pub loads: usize,
}

/// Writes a dump again. Every record is compared with its MD5, and all of them with the MD5 of the load.
///
/// # Errors
/// Returns an error of class `Parameters` if bronze has no such dump or the file exists, and of class `Input` if rows of it
/// are missing or have changed. No file is written then.
pub fn restore(
    lake: &Lake,
    task: &str,
    wanted: &Wanted<'_>,
    catalog: &CatalogArgs,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Restored> {
    let table = name(wanted.entity);
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let engine = DuckDb::open_in(engine, scratch.path())?;
    let held = Held::mount(&engine, lake, wanted.entity, catalog)?;
    let held = held.ok_or_else(|| no_tables(lake, &format!("append-bronze-dump makes {table}")))?;
    let index = held.loads.iter().rposition(|load| load.dump_month == *wanted.month).ok_or_else(|| {
        let months: Vec<_> = held.loads.iter().map(|load| load.dump_month.as_str()).collect();
        Failure::parameters(format!("{table} has no dump of {}", wanted.month))
            .hint(format!("it has those of {}", months.join(", ")))
    })?;
    let load = &held.loads[index];
    // The name is a property of the table, which other programs can change.
    let is_plain = Path::new(&load.source_file).file_name().is_some_and(|name| *name == *load.source_file);
    anyhow::ensure!(is_plain, "the name of the dump's file in table {table} is a path");
    let path = wanted.folder.join(&load.source_file);
    if !wanted.replace && path.exists() {
        return Err(Failure::parameters(format!("{} exists", path.display()))
            .hint("name another folder, or replace the file with --replace=true")
            .into());
    }
    let lost = |error: anyhow::Error| {
        Failure::input(format!("{table} cannot give the dump of {} again: {error:#}", wanted.month))
            .hint("the rows are out of retention or another program removed them; table-history lists the commits")
    };
    let chain = held.chain(index).map_err(lost)?;
    let current = held.table.metadata().current_snapshot_id().context("the table has no snapshot")?;
    let scan = held.table.scan(current)?;
    if scan.has_deletes() {
        return Err(lost(anyhow::anyhow!("another program deleted rows")).into());
    }
    attach_work(&engine, scratch.path())?;
    let state = State::compute(&engine, wanted.entity, chain)?;
    let mut rows: Vec<_> = chain.iter().map(|load| LoadRows::new(&scan, load)).collect();
    let mut sequence = Md5::new();
    let mut records = 0;
    let meter = observer.begin(Amount::steps(usize::try_from(load.records)?));
    write_whole(&path, |file| {
        let mut dump = Dump::begin(file, wanted.entity, load)?;
        state.each(|load, position, expected| {
            rows[load].read(position, |xml| {
                let md5 = Md5::digest(xml);
                sequence.update(md5);
                if hex::encode(md5) != expected {
                    return Err(Failure::input(format!("{table}: the XML of a record is not that of its MD5")).into());
                }
                records += 1;
                meter.advance_to(records, &|| format!("{records} records"));
                dump.record(xml)
            })
        })?;
        let is_same = records == load.records && hex::encode(sequence.finalize_reset()) == load.records_md5;
        if !is_same {
            return Err(Failure::input(format!("{table}: the records are not those of the dump of {}", wanted.month))
                .hint("another program changed the table; table-history lists the commits")
                .into());
        }
        dump.end()
    })?;
    Ok(Restored { path, records, loads: chain.len() })
}

/// A dump that is being written.
struct Dump<'f> {
    file: GzEncoder<BufWriter<&'f File>>,
    entity: Entity,
}

impl<'f> Dump<'f> {
    /// Writes the start tag of the root element. Its attributes have their names, which the ingest reports, and no values.
    fn begin(file: &'f File, entity: Entity, load: &Load) -> anyhow::Result<Self> {
        let mut file = GzEncoder::new(BufWriter::new(file), Compression::fast());
        write!(file, "<{entity}")?;
        for name in &load.root_attributes {
            write!(file, " {name}=\"\"")?;
        }
        writeln!(file, ">")?;
        Ok(Dump { file, entity })
    }

    fn record(&mut self, xml: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(xml)?;
        Ok(self.file.write_all(b"\n")?)
    }

    fn end(mut self) -> anyhow::Result<()> {
        writeln!(self.file, "</{}>", self.entity)?;
        Ok(self.file.finish()?.flush()?)
    }
}
