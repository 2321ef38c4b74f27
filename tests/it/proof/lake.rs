//! A lake of one run, and how its tables compare with the reference.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Entity;
use super::{dom, reference};
use crate::support::{Dir, Row, Table, binary};

/// Without a month: dumps of any are tried in it.
const RUN_ID: &str = "20261120_000000";

pub struct Lake {
    dir: Dir,
}

impl Lake {
    pub fn new() -> Self {
        let dir = Dir::in_memory();
        fs::create_dir_all(dir.path("lake/_runs").join(RUN_ID)).unwrap();
        Lake { dir }
    }

    /// Every table that the dump becomes, by its name.
    pub fn ingest(&self, entity: Entity, dump: &Path) -> Vec<Table> {
        self.ingest_with(entity, dump, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As `ingest`, of a dump in XML, with further arguments. The error is what the binary says.
    pub fn ingest_xml(&self, entity: Entity, xml: &str, further: &[&str]) -> Result<Vec<Table>, String> {
        let dump = self.dir.path(&format!("discogs_20200801_{}.xml.gz", entity.name()));
        let mut gzip = GzEncoder::new(File::create(&dump).unwrap(), Compression::fast());
        gzip.write_all(xml.as_bytes()).unwrap();
        gzip.finish().unwrap();
        self.ingest_with(entity, &dump, further)
    }

    fn ingest_with(&self, entity: Entity, dump: &Path, further: &[&str]) -> Result<Vec<Table>, String> {
        let flag = format!("--{}-dump", entity.name());
        let lake = self.dir.path("lake");
        let given = ["--lake", lake.to_str().unwrap(), "--run-id", RUN_ID, &flag, dump.to_str().unwrap()];
        let finished = self.dir.command(binary(&format!("ingest-{entity}"))).args(&given).args(further).run();
        if finished.status != Some(0) {
            return Err(finished.stderr);
        }

        let folders = fs::read_dir(self.run()).unwrap().map(|entry| entry.unwrap().path());
        let is_table = |folder: &PathBuf| folder.is_dir() && !is_internal(folder);
        let mut tables: Vec<_> = folders.filter(is_table).map(|folder| Table::read(&folder)).collect();
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tables)
    }

    /// How often a table's dataset says that an anomaly was met.
    pub fn counted(&self, table: &str, anomaly: &str) -> u64 {
        let dataset = fs::read_to_string(self.run().join(table).join("_dataset.json")).unwrap();
        let dataset: serde_json::Value = serde_json::from_str(&dataset).unwrap();
        dataset["counted"]["anomalies"][anomaly].as_u64().unwrap_or(0)
    }

    fn run(&self) -> PathBuf {
        self.dir.path("lake/_runs").join(RUN_ID)
    }
}

/// What the run keeps beside its tables.
fn is_internal(folder: &Path) -> bool {
    folder.file_name().unwrap().to_string_lossy().starts_with(['_', '.'])
}

/// What the reference reads from a dump's XML, by the names of the tables.
pub fn expected(entity: Entity, xml: &str) -> Vec<Table> {
    let mut tables = reference::tables(entity, &dom::parse(xml));
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// Where two lists of tables first differ, as a person would want to be told.
pub fn difference(ingested: &[Table], expected: &[Table]) -> Option<String> {
    let names = |tables: &[Table]| tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>();
    if names(ingested) != names(expected) {
        return Some(format!("tables\n  ingested {:?}\n  expected {:?}", names(ingested), names(expected)));
    }
    ingested.iter().zip(expected).find_map(|(ingested, expected)| table_difference(ingested, expected))
}

fn table_difference(ingested: &Table, expected: &Table) -> Option<String> {
    let name = &ingested.name;
    if ingested.columns != expected.columns {
        return Some(format!("{name}\n  ingested {:?}\n  expected {:?}", ingested.columns, expected.columns));
    }
    let row = |rows: &[Row], index: usize| rows.get(index).map_or("no row".to_owned(), |row| format!("{row:?}"));
    let rows = 0..ingested.rows.len().max(expected.rows.len());
    let index = rows.into_iter().find(|&index| ingested.rows.get(index) != expected.rows.get(index))?;
    Some(format!(
        "{name}, row {index} of {} ({})\n  ingested {}\n  expected {}",
        expected.rows.len(),
        expected.columns.join(", "),
        row(&ingested.rows, index),
        row(&expected.rows, index)
    ))
}
