use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::{Dir, ENTITIES, Finished, Month, Snapshot, Table, TestCommand, month, program};

/// The run that tests write to.
pub const RUN: &str = "2026-11__20261120_000000";

/// A binary of the crate by its name.
pub fn binary(name: &str) -> PathBuf {
    program(name).into()
}

/// A value that a lake keeps until its folder is removed.
pub trait UntilRemoved: Send + Sync + std::panic::RefUnwindSafe {}

/// A lake of a test's own.
pub struct TestLake {
    dir: Dir,
    /// Dropped after the folder.
    _until_removed: Option<Box<dyn UntilRemoved>>,
}

impl TestLake {
    /// A folder where preflight makes a lake.
    pub fn new() -> TestLake {
        TestLake::of(Dir::in_memory())
    }

    /// The lake in a folder.
    pub fn of(dir: Dir) -> TestLake {
        TestLake { dir, _until_removed: None }
    }

    /// Keeps a value until the folder is removed.
    pub fn keeping(self, value: impl UntilRemoved + 'static) -> TestLake {
        TestLake { _until_removed: Some(Box::new(value)), ..self }
    }

    /// With the run that preflight begins on the shared month.
    pub fn begun() -> TestLake {
        TestLake::begun_on(month())
    }

    pub fn begun_on(month: &Month) -> TestLake {
        let lake = TestLake::new();
        lake.begin(RUN, month);
        lake
    }

    /// With the four dumps of the shared month in the run: a copy of a lake that is made once.
    pub fn ingested() -> TestLake {
        static INGESTED: OnceLock<TestLake> = OnceLock::new();
        let made = || {
            let lake = TestLake::of(Dir::shared());
            lake.begin(RUN, month());
            lake.ingest(RUN);
            lake
        };
        INGESTED.get_or_init(made).copy()
    }

    /// A copy of this lake, for tests that change it.
    pub fn copy(&self) -> TestLake {
        let copy = TestLake::new();
        assert!(Command::new("cp").arg("-a").arg(self.root()).arg(copy.root()).status().unwrap().success());
        copy
    }

    /// With the four dumps, a page of a collection and the warehouse. Made once, for tests that change nothing.
    pub fn built() -> &'static TestLake {
        static BUILT: OnceLock<TestLake> = OnceLock::new();
        BUILT.get_or_init(|| {
            let lake = TestLake::of(Dir::shared());
            lake.begin(RUN, month());
            lake.ingest(RUN);
            let item = r#"[{"id": 5, "instance_id": 77, "basic_information": {"id": 5, "title": "A title"}}]"#;
            let collection = lake.write("discogs_page_1.json", item);
            let ingest = &["--run-id", RUN, "--collection", collection.to_str().unwrap()];
            lake.task("ingest-collection").args(ingest).run().expect_status(0);
            lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
            lake
        })
    }

    pub fn begin(&self, run: &str, month: &Month) {
        let raw_root = month.raw_root().to_str().unwrap();
        let arguments = ["--run-id", run, "--dump-month", month.name(), "--raw-root", raw_root, "--min-free", "0"];
        self.task("preflight").args(&arguments).run().expect_status(0);
    }

    pub fn ingest(&self, run: &str) {
        for entity in ENTITIES {
            self.task(&format!("ingest-{entity}")).args(&["--run-id", run]).run().expect_status(0);
        }
    }

    /// Begins, ingests, builds and seals a run.
    pub fn seal(&self, run: &str) {
        self.begin(run, month());
        self.ingest(run);
        self.task("build-warehouse").args(&["--run-id", run]).run().expect_status(0);
        self.task("sanity-check").args(&["--run-id", run, "--environment", "sample"]).run().expect_status(0);
    }

    pub fn promote(&self, run: &str) -> Finished {
        let arguments = ["--run-id", run, "--run-mode", "prod", "--allow-promote", "true"];
        self.task("promote").args(&arguments).run()
    }

    /// A task with this lake in its environment, and no other parameter.
    pub fn task(&self, name: &str) -> TestCommand {
        let mut command = self.dir.command(binary(name));
        command.env("DISCOGS_DATA_LAKE", self.root());
        command
    }

    /// A task with its arguments.
    pub fn call(&self, name: &str, arguments: &[&str]) -> TestCommand {
        let mut command = self.task(name);
        command.args(arguments);
        command
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path("lake")
    }

    /// A file beside the lake.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A path in the lake.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// A path beside the lake.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path(name)
    }

    /// The folder of a run.
    pub fn run(&self, id: &str) -> PathBuf {
        self.root().join("_runs").join(id)
    }

    /// A path in the run.
    pub fn in_run(&self, path: &str) -> PathBuf {
        self.root().join("_runs").join(RUN).join(path)
    }

    pub fn table(&self, name: &str) -> Table {
        Table::read(&self.in_run(name))
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.root().join(path)).unwrap()).unwrap()
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.root())
    }

    /// The run that `active` points at, if there is one.
    pub fn active(&self) -> Option<String> {
        let target = fs::read_link(self.path("active")).ok()?;
        Some(target.file_name().unwrap().to_str().unwrap().to_owned())
    }

    /// Requires `active` to point at a run that is sealed.
    #[track_caller]
    pub fn expect_active(&self, run: &str) {
        let link = fs::read_link(self.root().join("active")).unwrap();
        assert_eq!(link, Path::new("_runs").join(run), "active points elsewhere");
        assert!(self.root().join("active/_manifest.json").is_file(), "active leads to no sealed run");
    }

    /// The runs that `active` was at, oldest first.
    pub fn previous(&self) -> Vec<String> {
        let run = |link: &PathBuf| fs::read_link(link).unwrap().file_name().unwrap().to_string_lossy().into();
        self.previous_links().iter().map(run).collect()
    }

    /// Removes the links to earlier targets of `active`.
    pub fn remove_previous_links(&self) {
        self.previous_links().iter().for_each(|link| fs::remove_file(link).unwrap());
    }

    fn previous_links(&self) -> Vec<PathBuf> {
        let mut links: Vec<_> = fs::read_dir(self.root()).unwrap().map(|entry| entry.unwrap().path()).collect();
        links.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("active__prev_"));
        links.sort();
        links
    }

    /// Nothing unfinished is left anywhere.
    #[track_caller]
    pub fn expect_nothing_staged(&self) {
        let walk = walkdir::WalkDir::new(self.root()).into_iter().map(Result::unwrap);
        let inside = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("_staging"));
        let left: Vec<_> = walk.map(walkdir::DirEntry::into_path).filter(|path| inside(path)).collect();
        assert!(left.is_empty(), "left in _staging: {left:?}");
    }
}

/// A copy of a lake with three sealed runs of the shared month, given oldest first. Nothing is published.
pub fn sealed_lake() -> (TestLake, [&'static str; 3]) {
    const RUNS: [&str; 3] = [RUN, "2026-11__20261121_000000", "2026-11__20261122_000000"];
    static SEALED: OnceLock<TestLake> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| {
        let lake = TestLake::of(Dir::shared());
        RUNS.iter().for_each(|run| lake.seal(run));
        lake
    });
    (sealed.copy(), RUNS)
}
