//! The bronze tables: dumps as they came, the changes of a month, and dumps that are restored from them.

mod changes;
mod full;
mod harmed;
mod restored;
mod workflow;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::{ENTITIES, Finished, Month, TestLake, gzip};

/// The records of a dump, in their order, cut by the layout of invented dumps: each record starts a line.
#[derive(Clone)]
struct Records {
    entity: &'static str,
    records: Vec<String>,
}

impl Records {
    fn of(dump: &Path, entity: &'static str) -> Self {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(dump).unwrap()).read_to_string(&mut text).unwrap();
        let begin = match entity {
            "artists" => "<artist><id>",
            "labels" => "<label><id>",
            "masters" => "<master id=",
            _ => "<release id=",
        };
        let inside = text.trim().strip_prefix(&format!("<{entity}>")).unwrap();
        let inside = inside.strip_suffix(&format!("</{entity}>")).unwrap();
        let separator = format!("\n{begin}");
        let records = inside.split(&separator).skip(1).map(|rest| format!("{begin}{}", rest.trim_end()));
        Records { entity, records: records.collect() }
    }

    /// A dump of a few releases without rows in any other table, from their ids and titles.
    fn releases(of: &[(i64, &str)]) -> Self {
        let record = |(id, title): &(i64, &str)| format!("<release id=\"{id}\"><title>{title}</title></release>");
        Records { entity: "releases", records: of.iter().map(record).collect() }
    }

    fn xml(&self) -> String {
        let Records { entity, records } = self;
        format!("<{entity}>\n{}\n</{entity}>\n", records.join("\n"))
    }

    /// Changes the record at an index so that its tables change.
    fn change(&mut self, index: usize) {
        let changed = self.records[index].replacen("<data_quality>", "<data_quality>Not ", 1);
        assert_ne!(changed, self.records[index]);
        self.records[index] = changed;
    }
}

/// A lake with a run for each month whose dumps a test makes.
struct Bronze {
    lake: TestLake,
}

impl Bronze {
    fn new() -> Self {
        let lake = TestLake::new();
        fs::create_dir_all(lake.root()).unwrap();
        Bronze { lake }
    }

    /// A run on the dumps of a generated month.
    fn of(month: &Month) -> Self {
        let bronze = Bronze::new();
        bronze.lake.begin(&run_of(month.name()), month);
        bronze
    }

    /// Writes dumps of a month and returns their paths.
    fn write(&self, month: &str, dumps: &[&Records]) -> Vec<PathBuf> {
        let write = |dump: &&Records| self.write_bytes(month, dump.entity, &gzip(dump.xml()));
        dumps.iter().map(write).collect()
    }

    fn write_bytes(&self, month: &str, entity: &str, packed: &[u8]) -> PathBuf {
        let name = format!("raw/{month}/discogs_{}01_{entity}.xml.gz", month.replace('-', ""));
        self.lake.write(&name, packed)
    }

    /// Appends dumps by hand to a run of the month that preflight did not begin.
    fn call(&self, month: &str, mode: &str, dumps: &[PathBuf], further: &[&str]) -> Finished {
        let run = run_of(month);
        fs::create_dir_all(self.lake.run(&run)).unwrap();
        let mut command = self.lake.task("append-bronze-dump");
        command.args(&["--run-id", &run, "--bronze", mode, "--threads", "2", "--memory-limit", "200MB"]);
        let entity_of = |dump: &PathBuf| {
            let name = dump.file_name().unwrap().to_str().unwrap().to_owned();
            *ENTITIES.iter().find(|entity| name.contains(*entity)).unwrap()
        };
        let entities: Vec<_> = dumps.iter().map(entity_of).collect();
        command.args(&["--bronze-entities", &entities.join(",")]);
        for (dump, entity) in dumps.iter().zip(entities) {
            command.args(&[&format!("--{entity}-dump"), dump.to_str().unwrap()]);
        }
        command.args(further).run()
    }

    /// Appends dumps of releases and returns the load of them.
    #[track_caller]
    fn load(&self, month: &str, mode: &str, releases: &Records) -> Value {
        let dumps = self.write(month, &[releases]);
        self.call(month, mode, &dumps, &[]).expect_status(0).json()["releases"].clone()
    }

    /// The rows of a query as lines of CSV, without the header.
    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let finished = self.lake.call("query", &["--sql", sql, "--format", "csv"]).run().expect_status(0);
        finished.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    fn restore(&self, month: &str, folder: &str, further: &[&str]) -> Finished {
        let folder = self.lake.beside(folder);
        let arguments = ["--dump-month", month, "--raw-root", folder.to_str().unwrap(), "--memory-limit", "200MB"];
        self.lake.call("restore-dump", &[&arguments[..], further].concat()).run()
    }

    /// The XML of the restored dump of releases.
    #[track_caller]
    fn restored(&self, month: &str) -> String {
        let further = ["--entities", "releases", "--replace=true"];
        let finished = self.restore(month, "restored", &further).expect_status(0).json();
        let mut text = String::new();
        let path = finished["releases_dump"].as_str().unwrap();
        GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        text
    }
}

fn run_of(month: &str) -> String {
    format!("{month}__{}20_000000", month.replace('-', ""))
}

/// The counts of a load: rows, inserted, updated, moved, unchanged, deleted.
fn counts(load: &Value) -> [u64; 6] {
    ["rows", "inserted", "updated", "moved", "unchanged", "deleted"].map(|name| load[name].as_u64().unwrap())
}
