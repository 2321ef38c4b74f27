//! `generate-dumps`: the same bytes anywhere, everything the real dumps have, in about the real proportions.

mod anomalies;
mod files;
mod layouts;
mod parsed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// Runs the task and returns its exit status and its result.
fn run(raw_root: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(crate::support::program("generate-dumps"))
        .env_clear()
        .arg("--raw-root")
        .arg(raw_root)
        .args(arguments)
        .output()
        .expect("the binary runs");
    let line = serde_json::from_slice(&output.stdout).expect("one JSON line on stdout");
    (output.status.code().expect("no signal"), line)
}

/// Dumps that were written with these arguments, and their folder.
struct Month {
    _root: TempDir,
    folder: PathBuf,
    outcome: Value,
}

impl Month {
    fn new(arguments: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let (status, outcome) = run(root.path(), arguments);
        assert_eq!(status, 0, "{outcome}");
        let folder = PathBuf::from(outcome["folder"].as_str().expect("the folder"));
        Month { _root: root, folder, outcome }
    }

    fn dump(&self, entity: &str) -> PathBuf {
        let end = format!("_{entity}.xml.gz");
        let entries = std::fs::read_dir(&self.folder).expect("the month's folder");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        paths.find(|path| path.to_string_lossy().ends_with(&end)).expect("the dump")
    }
}

/// The dumps of most tests: 3000 releases in the layout of today, with the status they had in 2025.
fn usual() -> &'static Month {
    static USUAL: OnceLock<Month> = OnceLock::new();
    USUAL.get_or_init(|| Month::new(&["--dump-month", "2025-06", "--releases", "3000"]))
}
