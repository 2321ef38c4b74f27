//! What must hold of a lake at every instant. Read with serde_json and sha2 alone, not with the code under test.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Panics, with `when`, unless all holds. `actives` are the runs at which `active` may be; none where it may be missing.
#[track_caller]
pub fn hold(lake: &Path, actives: &[Option<&str>], when: &str) {
    let broken = broken(lake, actives);
    assert!(broken.is_empty(), "{when}:\n{}", broken.join("\n"));
}

/// What does not hold.
fn broken(lake: &Path, actives: &[Option<&str>]) -> Vec<String> {
    let mut broken = Vec::new();
    if !lake.exists() {
        return broken;
    }
    for name in names(lake) {
        let link = name == "active" || name.starts_with("active__prev_");
        if link {
            let target = fs::read_link(lake.join(&name)).unwrap_or_default();
            if !target.starts_with("_runs") || !lake.join(&target).join("_manifest.json").is_file() {
                broken.push(format!("{name} points at {}, which is no sealed run", target.display()));
            }
        } else if !["_runs", "_meta"].contains(&name.as_str()) {
            broken.push(format!("{name} is in the lake"));
        }
    }
    let active = fs::read_link(lake.join("active")).ok();
    let active = active.as_ref().and_then(|target| target.file_name()?.to_str());
    if !actives.contains(&active) {
        broken.push(format!("active is {active:?}, expected one of {actives:?}"));
    }
    for name in names(&lake.join("_meta")) {
        if !["locks", "seals", "_staging"].contains(&name.as_str()) {
            broken.push(format!("_meta/{name} is in the lake"));
        }
    }
    for id in names(&lake.join("_runs")) {
        let mut run = RunFolder { lake, id: &id, folder: lake.join("_runs").join(&id), broken: Vec::new() };
        run.check();
        broken.append(&mut run.broken);
    }
    broken
}

struct RunFolder<'r> {
    lake: &'r Path,
    id: &'r str,
    folder: PathBuf,
    broken: Vec<String>,
}

impl RunFolder<'_> {
    fn check(&mut self) {
        let mut listed = BTreeSet::new();
        for name in names(&self.folder) {
            match name.as_str() {
                "_staging" => {}
                "_run.json" | "_manifest.json" => self.check_json(&name),
                "_tasks" | "_reports" => {
                    for file in names(&self.folder.join(&name)) {
                        let file = format!("{name}/{file}");
                        if file.ends_with(".json") {
                            self.check_json(&file);
                        }
                        if name == "_tasks" {
                            listed.insert(file);
                        }
                    }
                }
                "warehouse_discogs" => {
                    for table in names(&self.folder.join(&name)) {
                        self.check_dataset(&format!("{name}/{table}"), &mut listed);
                    }
                }
                table => self.check_dataset(table, &mut listed),
            }
        }
        listed.insert("_run.json".to_owned());
        if self.folder.join("_manifest.json").exists() {
            self.check_seal(&listed);
        }
    }

    fn check_dataset(&mut self, table: &str, listed: &mut BTreeSet<String>) {
        let Some(dataset) = self.json(&format!("{table}/_dataset.json")) else {
            return self.break_at(table, "is not a whole dataset");
        };
        let mut expected = BTreeSet::from(["_dataset.json".to_owned()]);
        for file in dataset["files"].as_array().unwrap() {
            let name = file["name"].as_str().unwrap();
            expected.insert(name.to_owned());
            self.check_digest(&format!("{table}/{name}"), &file["sha256"]);
        }
        let found: BTreeSet<_> = names(&self.folder.join(table)).into_iter().collect();
        if found != expected || dataset["table"] != table {
            self.break_at(table, &format!("holds {found:?}, expected {expected:?}"));
        }
        listed.extend(found.into_iter().map(|name| format!("{table}/{name}")));
    }

    fn check_seal(&mut self, found: &BTreeSet<String>) {
        let Some(manifest) = self.json("_manifest.json") else { return self.break_at("_manifest.json", "is no JSON") };
        let files = manifest["files"].as_array().unwrap();
        let listed: BTreeSet<_> = files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect();
        if listed != *found {
            self.break_at("_manifest.json", &format!("lists {listed:?}, there are {found:?}"));
        }
        for file in files {
            self.check_digest(file["path"].as_str().unwrap(), &file["sha256"]);
        }
        for path in listed.iter().map(String::as_str).chain(["_manifest.json"]) {
            let mode = fs::metadata(self.folder.join(path)).map_or(0, |metadata| metadata.permissions().mode());
            if mode & 0o222 != 0 {
                self.break_at(path, &format!("can be written, mode {mode:o}"));
            }
        }
        let anchor = fs::read_to_string(self.lake.join("_meta/seals").join(format!("{}.sha256", self.id)));
        if !anchor.unwrap_or_default().starts_with(&sha256(&self.folder.join("_manifest.json"))) {
            self.break_at("_manifest.json", "has no anchor");
        }
        if self.folder.join("_staging").exists() {
            self.break_at("_staging", "is in a sealed run");
        }
    }

    fn check_digest(&mut self, path: &str, expected: &Value) {
        if sha256(&self.folder.join(path)) != expected.as_str().unwrap() {
            self.break_at(path, "is not what was written");
        }
    }

    fn check_json(&mut self, path: &str) {
        if self.json(path).is_none() {
            self.break_at(path, "is not JSON");
        }
    }

    fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.folder.join(path)).ok()?).ok()
    }

    fn break_at(&mut self, path: &str, what: &str) {
        self.broken.push(format!("{}/{path} {what}", self.id));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn sha256(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is on the disk, as one text: two lakes with the same are in the same state. Without the contents of locks, which
/// say who held them; names and times that differ from run to run are left out, and of the files that the seal makes
/// read-only one after the other it counts whether it is none, some or all.
pub fn fingerprint(lake: &Path) -> String {
    let mut lines = Vec::new();
    let mut writable = BTreeSet::new();
    for entry in walkdir::WalkDir::new(lake).sort_by_file_name().into_iter().map(Result::unwrap) {
        let path = entry.path().strip_prefix(lake).unwrap().display().to_string();
        let metadata = entry.metadata().unwrap();
        let volatile = ["_meta/", "_reports/", "_tasks/", "_manifest.json"].iter().any(|part| path.contains(part));
        let content = match entry.file_type() {
            kind if kind.is_file() && !volatile => sha256(entry.path()),
            kind if kind.is_symlink() => fs::read_link(entry.path()).unwrap().display().to_string(),
            _ => String::new(),
        };
        let digits = |c: char| if volatile && c.is_ascii_digit() { '0' } else { c };
        let path: String = path.chars().map(digits).collect();
        let size = if volatile && metadata.len() > 0 { 1 } else { metadata.len() };
        let size = if metadata.is_dir() { 0 } else { size };
        if metadata.is_file() && !path.starts_with("_meta/") {
            writable.insert(metadata.permissions().mode() & 0o222 != 0);
        }
        lines.push(format!("{path} {size} {content}"));
    }
    lines.push(format!("writable: {writable:?}"));
    lines.join("\n")
}
