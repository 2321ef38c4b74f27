use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use walkdir::WalkDir;

use crate::support::{Dir, Finished, TestLake};

/// The run that every lake of these tests has as active.
pub const GOOD: &str = "2026-11__20261101_000000";

/// A run with the same tables, not sealed.
pub const COPY: &str = "2026-11__20261102_000000";

/// A whole month in a lake, sealed and published. Made once; tests work on copies that share its files.
fn good_lake() -> &'static Dir {
    static LAKE: OnceLock<Dir> = OnceLock::new();
    LAKE.get_or_init(|| {
        let dir = Dir::new();
        let (raw, lake) = (dir.path("raw"), dir.path("lake"));
        // As many as give 1000 labels and masters, which is what a month must have at the least.
        let generate = dir
            .command(crate::support::program("generate-dumps"))
            .args(&["--raw-root", raw.to_str().unwrap(), "--dump-month", "2026-11", "--releases", "8100"])
            .run();
        generate.expect_status(0);
        dir.run_workflow(&["main.dig", "--no-save", "--session", "2026-11-01 00:00:00"])
            .current_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag"))
            .args(&["-p", "dump_month=2026-11", "-p", "run_mode=prod", "-p", "allow_promote=true"])
            .args(&["-p", &format!("raw_root={}", raw.display()), "-p", &format!("lake={}", lake.display())])
            .run()
            .expect_status(0);
        dir
    })
}

impl TestLake {
    /// A lake with the good run as active and a copy of it that is not sealed.
    pub fn checked() -> Self {
        let lake = TestLake::of(Dir::new());
        let good = good_lake().path("lake/_runs").join(GOOD);
        link_run(&good, &lake.run(GOOD));
        symlink(Path::new("_runs").join(GOOD), lake.root().join("active")).unwrap();
        lake.add_copy(COPY);
        lake
    }

    pub fn add_copy(&self, id: &str) {
        let (good, copy) = (self.run(GOOD), self.run(id));
        link_run(&good, &copy);
        for left_behind in ["_manifest.json", "_reports", "_tasks"] {
            let path = copy.join(left_behind);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        for entry in WalkDir::new(&copy).into_iter().map(Result::unwrap) {
            if ["_dataset.json", "_run.json"].iter().any(|name| entry.file_name() == *name) {
                edit_json(entry.path(), |json| json["run_id"] = id.into());
            }
        }
    }

    pub fn sanity_check(&self, more: &[&str]) -> Finished {
        self.task("sanity-check").args(&["--run-id", COPY, "--threads", "1"]).args(more).run()
    }

    /// The newest report of a run whose name begins and ends so.
    pub fn report(&self, id: &str, begins: &str, ends: &str) -> PathBuf {
        let folder = self.run(id).join("_reports");
        let mut found: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        found.retain(|path| name(path).starts_with(begins) && name(path).ends_with(ends));
        found.pop().unwrap_or_else(|| panic!("no {begins}…{ends} in {}", folder.display()))
    }

    pub fn findings(&self, id: &str, begins: &str) -> Vec<Value> {
        let text = fs::read(self.report(id, begins, ".json")).unwrap();
        let report: Value = serde_json::from_slice(&text).unwrap();
        report["findings"].as_array().unwrap().clone()
    }

    /// The checks that the copy fails, worst first, as `<name> <SEVERITY>`.
    pub fn failed(&self) -> Vec<String> {
        let failed = self.findings(COPY, "sanity_").into_iter().filter(|finding| finding["ok"] == false);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let named = failed.map(|finding| (text(&finding["check_name"]), text(&finding["severity"]).to_uppercase()));
        named.map(|(name, severity)| format!("{name} {severity}")).collect()
    }
}

/// Links the files of a run into another folder. Copies descriptions, because tests change them.
fn link_run(from: &Path, to: &Path) {
    for entry in WalkDir::new(from).into_iter().map(Result::unwrap) {
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else if entry.path().extension().is_some_and(|ending| ending == "parquet") {
            fs::hard_link(entry.path(), target).unwrap();
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

pub fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut json);
    fs::write(path, serde_json::to_vec_pretty(&json).unwrap()).unwrap();
}
