//! Lakes in every stage, built once a process and copied for each trial.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lake_catalog::{Access, Catalog, Column, NewTable, PrimitiveType, Store, TableChange, TableName};

use super::place::Place;
use crate::support::{TestCommand, TestLake, binary};

/// The runs of the lakes here, oldest first.
pub const RUNS: [&str; 5] = [
    "2026-11__20261120_000000",
    "2026-11__20261120_000001",
    "2026-11__20261120_000002",
    "2026-11__20261120_000003",
    "2026-11__20261120_000004",
];

/// The stage of a lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is no lake, only dumps.
    Nothing,
    /// The first run was begun.
    Begun,
    /// Its dumps were read.
    Ingested,
    /// Its warehouse was built.
    Built,
    /// All runs are sealed; the first three were promoted one after the other.
    Published,
    /// Like `Published`, but the seal of the last run is not known, as if it had been copied from another lake.
    Copied,
    /// Like `Published`, and two runs of earlier months were begun and never finished.
    Abandoned,
    /// Like `Published`, and the registry knows the runs.
    Registered,
    /// Like `Registered`, and the first two runs have their KPIs.
    Measured,
    /// As published, with Iceberg tables of the last three runs.
    Staged,
    /// As staged, with a table of people's own, `mine.names`.
    Own,
}

impl Stage {
    fn folder(self) -> PathBuf {
        let copied = if [Stage::Staged, Stage::Own].contains(&self) { Stage::Published } else { self };
        prepared().join(format!("{copied:?}"))
    }
}

impl TestLake {
    /// A copy of the lake of a stage, removed with the test. Its dumps are shared and read-only.
    pub fn at(stage: Stage) -> Self {
        if [Stage::Staged, Stage::Own].contains(&stage) {
            return TestLake::with_tables(stage);
        }
        let lake = TestLake::new();
        if stage != Stage::Nothing {
            copy(&stage.folder(), &lake.root());
        }
        lake
    }

    /// A lake with Iceberg tables, which are made once a place and copied from then on.
    fn with_tables(stage: Stage) -> Self {
        let place = Place::take();
        let kept = place.kept(prepared(), &format!("{stage:?}"));
        let lake = TestLake::of(place.folder(prepared())).keeping(place);
        if kept.exists() {
            copy(&kept, &lake.root());
            return lake;
        }
        copy(&stage.folder(), &lake.root());
        if stage == Stage::Staged {
            lake.stage(&[]);
        } else {
            lake.call("stage-tables", &["--run-id", RUNS[2]]).run().expect_status(0);
            let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
            create_own_table(&store, &lake.root(), "names", &ID_AND_NAME);
        }
        copy(&lake.root(), &kept);
        lake
    }

    /// Makes Iceberg tables of three runs, in the catalog that the arguments name, and publishes one of them.
    pub fn stage(&self, catalog: &[&str]) {
        for run in [1, 2, 4] {
            let stage = [&["--run-id", RUNS[run]], catalog].concat();
            self.call("stage-tables", &stage).run().expect_status(0);
        }
        let promote = ["--run-id", RUNS[2], "--run-mode", "prod", "--allow-promote"];
        self.call("promote", &[&promote[..], catalog].concat()).run().expect_status(0);
    }

    pub fn run_folder(&self, index: usize) -> PathBuf {
        self.run(RUNS[index])
    }

    /// The parts of a run with their bytes.
    pub fn parts(&self, index: usize) -> Vec<(PathBuf, Vec<u8>)> {
        parts(&self.run_folder(index))
    }
}

/// The columns of a small table.
pub const ID_AND_NAME: [(&str, PrimitiveType); 2] = [("id", PrimitiveType::Int), ("name", PrimitiveType::String)];

/// Creates a table `mine.<name>` without rows.
pub fn create_own_table(store: &Store, root: &Path, name: &str, columns: &[(&str, PrimitiveType)]) {
    let root = fs::canonicalize(root).unwrap();
    let mut catalog = Catalog::open(store, &root, Access::Write).unwrap();
    let column = |(id, (name, data_type)): (i32, &(&str, PrimitiveType))| Column {
        id,
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        description: None,
    };
    let new = NewTable {
        name: TableName::new("mine", name),
        folder: root.join("_tables/mine").join(name),
        columns: (1..).zip(columns).map(column).collect(),
        sorted_by: None,
        properties: Default::default(),
    };
    let change = TableChange::create(&new, catalog.session()).unwrap();
    catalog.commit(vec![change], Catalog::next_time([])).unwrap();
}

fn parts(run: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let walk = walkdir::WalkDir::new(run).sort_by_file_name().into_iter().map(Result::unwrap);
    let parquet = walk.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "parquet"));
    parquet.map(|entry| (entry.path().strip_prefix(run).unwrap().to_owned(), fs::read(entry.path()).unwrap())).collect()
}

/// The parts of the first run of a stage.
pub fn parts_at(stage: Stage) -> Vec<(PathBuf, Vec<u8>)> {
    parts(&stage.folder().join("_runs").join(RUNS[0]))
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// The folder with the months of the dumps that the lakes are made of.
pub fn raw_root() -> PathBuf {
    prepared().join("dumps")
}

/// A user's collection of one record.
pub fn collection() -> PathBuf {
    prepared().join("collection.json")
}

/// A CSV file with rows for `mine.names`.
pub fn names() -> PathBuf {
    prepared().join("names.csv")
}

const COLLECTION: &str = r#"[{"id": 1, "instance_id": 7, "date_added": "2020-01-02T03:04:05-08:00", "rating": 4,
    "basic_information": {"id": 1, "title": "A title", "year": 0, "artists": [{"name": "A"}], "labels": [],
    "formats": [], "genres": ["Jazz"], "styles": []}}]"#;

/// The dumps that the lakes are made of; `other` are those of another catalogue.
pub fn dump(catalogue: &str, entity: &str) -> PathBuf {
    prepared().join(catalogue).join(format!("2026-11/discogs_20261101_{entity}.xml.gz"))
}

/// Returns a folder in memory if there is one, because each kill point costs a copy of a lake.
pub fn scratch() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// Returns the folder with the stages. A static is not dropped with the process, so the next process removes the folders of
/// dead ones.
fn prepared() -> &'static Path {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    PREPARED.get_or_init(|| {
        for entry in fs::read_dir(scratch()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let Some(pid) = name.strip_prefix("discogs-faults-") else { continue };
            if !Path::new("/proc").join(pid).exists() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = scratch().join(format!("discogs-faults-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        prepare(&folder);
        folder
    })
}

fn prepare(folder: &Path) {
    let run = |name: &str, arguments: &[&str]| {
        TestCommand::new(&binary(name), folder).args(arguments).run().expect_status(0);
    };
    fs::write(folder.join("collection.json"), COLLECTION).unwrap();
    fs::write(folder.join("names.csv"), "id,name\n1,one\n2,two\n2,last\n").unwrap();
    for (catalogue, seed) in [("dumps", "1"), ("other", "2")] {
        let month = ["--raw-root", catalogue, "--dump-month", "2026-11", "--releases", "6", "--labels", "3"];
        run("generate-dumps", &[&month[..], &["--seed", seed]].concat());
    }
    let keep = |stage: Stage| copy(&folder.join("lake"), &folder.join(format!("{stage:?}")));
    for (index, id) in RUNS.iter().enumerate() {
        let first = |stage| {
            if index == 0 {
                keep(stage);
            }
        };
        let session = format!("2026-11-20T00:00:0{index}Z");
        let lake = ["--lake", "lake", "--run-id", id];
        let month = ["--dump-month", "2026-11", "--raw-root", "dumps", "--session-time", &session];
        run("preflight", &[&lake[..2], &month].concat());
        first(Stage::Begun);
        for entity in ["artists", "labels", "masters", "releases"] {
            run(&format!("ingest-{entity}"), &lake);
        }
        first(Stage::Ingested);
        run("build-warehouse", &lake);
        first(Stage::Built);
        run("sanity-check", &[&lake[..], &["--environment", "sample"]].concat());
        if index < 3 {
            run("promote", &[&lake[..], &["--run-mode", "prod", "--allow-promote"]].concat());
        }
    }
    keep(Stage::Published);
    run("update-run-registry", &["--lake", "lake"]);
    keep(Stage::Registered);
    for id in &RUNS[..2] {
        run("compute-kpis", &["--lake", "lake", "--only-run-id", id]);
    }
    keep(Stage::Measured);
    copy(&folder.join(format!("{:?}", Stage::Published)), &folder.join(format!("{:?}", Stage::Copied)));
    fs::remove_file(folder.join(format!("{:?}/_meta/seals/{}.sha256", Stage::Copied, RUNS[4]))).unwrap();
    let abandoned = folder.join(format!("{:?}", Stage::Abandoned));
    copy(&folder.join(format!("{:?}", Stage::Published)), &abandoned);
    for id in ["2026-09__20260920_000000", "2026-10__20261020_000000"] {
        fs::create_dir(abandoned.join("_runs").join(id)).unwrap();
    }
    fs::remove_dir_all(folder.join("lake")).unwrap();
}
