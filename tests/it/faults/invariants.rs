//! Invariants of a lake. Runs are checked with serde_json and sha2 alone, not with the code under test; Iceberg tables with
//! the catalog's reader, which `iceberg::readers` compares with other engines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use lake_catalog::{Access, Catalog, Store, Table};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Panics, with `when`, unless all invariants hold. `actives` are the runs that `active` may point at; `None` if it may be
/// missing.
#[track_caller]
pub fn hold(lake: &Path, actives: &[Option<&str>], when: &str) {
    hold_with_copied(lake, actives, &[], when);
}

/// Like [`hold`], for a lake into which runs were copied: their seals need not be known.
#[track_caller]
pub fn hold_with_copied(lake: &Path, actives: &[Option<&str>], copied: &[&str], when: &str) {
    let broken = broken(lake, actives, copied);
    assert!(broken.is_empty(), "{when}:\n{}", broken.join("\n"));
}

/// What does not hold of the Iceberg tables: every tag is in all of them or in none, `main` of all is one run, and every
/// file of it is there. The catalog is read as a copy, so that a journal in it stays as the killed task left it.
fn tables(lake: &Path) -> Vec<String> {
    let catalog = lake.join("_meta/catalog.sqlite");
    let Ok(database) = fs::read(&catalog) else { return Vec::new() };
    let copy = tempfile::tempdir().unwrap();
    fs::write(copy.path().join("catalog.sqlite"), database).unwrap();
    if let Ok(journal) = fs::read(catalog.with_extension("sqlite-journal")) {
        fs::write(copy.path().join("catalog.sqlite-journal"), journal).unwrap();
    }
    let root = fs::canonicalize(lake).unwrap();
    tables_of(&mut Catalog::open(&Store::Sqlite(copy.path().join("catalog.sqlite")), &root, Access::Write).unwrap())
}

/// The rules that the Iceberg tables of a catalog break.
pub fn tables_of(catalog: &mut Catalog) -> Vec<String> {
    let mut tables = catalog.load_all().unwrap();
    // Other tables have tags of the runs that they were computed from, if any.
    tables.retain(|table| table.metadata().properties().contains_key("discogs.of-runs"));
    let mut refs: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for table in &tables {
        for reference in table.refs().unwrap() {
            let snapshot = table.metadata().snapshot_by_id(reference.snapshot_id).unwrap();
            let run = snapshot.summary().additional_properties["discogs.run-id"].clone();
            *refs.entry((reference.name.clone(), run)).or_default() += 1;
            for file in files_of(catalog, table, reference.snapshot_id).iter() {
                if !Path::new(file.trim_start_matches("file://")).is_file() {
                    broken.push(format!("{} names {file}, which is gone", table.name()));
                }
            }
        }
    }
    for ((name, run), count) in refs {
        if count != tables.len() {
            broken.push(format!("{name} is run {run} in {count} of {} tables", tables.len()));
        }
    }
    broken
}

/// The files of snapshots, by the digest of the list of manifests and of the manifests beside it.
type Listed = HashMap<[u8; 32], Arc<Vec<String>>>;

/// Returns the files that a snapshot names. A manifest never changes, and a debug build takes seconds for those of a lake,
/// so they are read again only if another one is there or one is missing.
fn files_of(catalog: &mut Catalog, table: &Table, snapshot: i64) -> Arc<Vec<String>> {
    static LISTED: LazyLock<Mutex<Listed>> = LazyLock::new(Mutex::default);
    let list = table.metadata().snapshot_by_id(snapshot).unwrap().manifest_list();
    let folder = Path::new(list.trim_start_matches("file://")).parent().unwrap();
    let manifests = fs::read_dir(folder).unwrap().map(Result::unwrap).filter_map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".avro").then(|| (name, entry.metadata().unwrap().len()))
    });
    let key: [u8; 32] = Sha256::digest(format!("{list} {:?}", manifests.collect::<BTreeSet<_>>())).into();
    if let Some(known) = LISTED.lock().unwrap().get(&key) {
        return known.clone();
    }
    let files = catalog.files(table, snapshot).unwrap();
    let files = Arc::new(files.iter().map(|file| file.file_path().to_owned()).collect::<Vec<_>>());
    LISTED.lock().unwrap().insert(key, files.clone());
    files
}

/// Returns the invariants that are broken.
fn broken(lake: &Path, actives: &[Option<&str>], copied: &[&str]) -> Vec<String> {
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
        } else if !["_runs", "_meta", "_tmp_test", "_tables"].contains(&name.as_str()) {
            broken.push(format!("{name} is in the lake"));
        }
    }
    let active = fs::read_link(lake.join("active")).ok();
    let active = active.as_ref().and_then(|target| target.file_name()?.to_str());
    if !actives.contains(&active) {
        broken.push(format!("active is {active:?}, expected one of {actives:?}"));
    }
    for name in names(&lake.join("_meta")) {
        match name.as_str() {
            "locks" | "seals" | "_staging" => {}
            "catalog.sqlite"
            | "catalog.sqlite-journal"
            | "publication.json"
            | "session.json"
            | "catalog.json"
            | "rest-catalog" => {}
            "bootstrap_discogs.sql" if fs::read(lake.join("_meta").join(&name)).unwrap().ends_with(b";\n") => {}
            "discogs_history" => broken.extend(history(&lake.join("_meta").join(name))),
            _ => broken.push(format!("_meta/{name} is in the lake")),
        }
    }
    broken.extend(tables(lake));
    for id in names(&lake.join("_runs")) {
        let copied = copied.contains(&id.as_str());
        let mut run = RunFolder { lake, id: &id, copied, folder: lake.join("_runs").join(&id), broken: Vec::new() };
        run.check();
        broken.append(&mut run.broken);
    }
    broken
}

/// Returns what is broken in the history: event files that are incomplete or writable, reports that end early, differences
/// without their description or with files that it does not name.
fn history(folder: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type());
        let below = path.strip_prefix(folder).unwrap().display().to_string();
        let whole = match below.split('/').collect::<Vec<_>>()[..] {
            [""] | ["registry" | "kpi" | "reports" | "diffs"] => kind.is_dir(),
            ["registry", "run_registry_events"] | ["kpi", "kpi_snapshot_events"] => kind.is_dir(),
            ["registry" | "kpi", _, file] => {
                let read_only = entry.metadata().unwrap().permissions().mode() & 0o222 == 0;
                file.starts_with("events-") && file.ends_with(".parquet") && read_only && is_parquet(path)
            }
            ["reports", file] if file.ends_with(".csv") => fs::read(path).unwrap().ends_with(b"\n"),
            ["reports", file] => file.ends_with(".html") && fs::read(path).unwrap().ends_with(b"</html>"),
            ["diffs", _] => is_whole_difference(path),
            ["diffs", _, ..] => true,
            _ => false,
        };
        if !whole {
            broken.push(format!("discogs_history/{below} is not whole, or has no business there"));
        }
    }
    broken
}

/// Whether a file begins and ends as Parquet does, with a footer that is in it.
fn is_parquet(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap();
    let Some(footer) = bytes.len().checked_sub(8).filter(|at| *at > 4) else { return false };
    let length = u32::from_le_bytes(bytes[footer..footer + 4].try_into().unwrap()) as usize;
    bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1") && length < footer
}

fn is_whole_difference(folder: &Path) -> bool {
    let description = fs::read(folder.join("_diff.json")).unwrap_or_default();
    let Ok(description) = serde_json::from_slice::<Value>(&description) else { return false };
    let tables = description["tables"].as_array().unwrap();
    let whole = |table: &Value| {
        let (name, file) = (table["table"].as_str().unwrap(), &table["file"]);
        sha256(&folder.join(name).join(file["name"].as_str().unwrap())) == file["sha256"].as_str().unwrap()
    };
    tables.len() > 30 && tables.iter().all(whole)
}

struct RunFolder<'r> {
    lake: &'r Path,
    id: &'r str,
    /// Whether its seal need not be known.
    copied: bool,
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
        let anchor = self.lake.join("_meta/seals").join(format!("{}.sha256", self.id));
        let unknown = self.copied && !anchor.exists();
        if !unknown
            && !fs::read_to_string(anchor).unwrap_or_default().starts_with(&sha256(&self.folder.join("_manifest.json")))
        {
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

    fn json(&self, path: &str) -> Option<Arc<Value>> {
        parsed(&fs::read(self.folder.join(path)).ok()?)
    }

    fn break_at(&mut self, path: &str, what: &str) {
        self.broken.push(format!("{}/{path} {what}", self.id));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The SHA-256 of a file in hexadecimal digits; of nothing if the file is missing.
pub fn sha256(path: &Path) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(fs::read(path).unwrap_or_default());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Maps the digest of a text to its value, or to `None` if it is not JSON.
type Parsed = HashMap<[u8; 32], Option<Arc<Value>>>;

/// Parses a JSON text. The lakes of a thousand trials hold the same texts and a debug build parses slowly, so each text is
/// parsed once.
fn parsed(text: &[u8]) -> Option<Arc<Value>> {
    static PARSED: LazyLock<Mutex<Parsed>> = LazyLock::new(Mutex::default);
    let digest: [u8; 32] = Sha256::digest(text).into();
    if let Some(known) = PARSED.lock().unwrap().get(&digest) {
        return known.clone();
    }
    let value = serde_json::from_slice(text).ok().map(Arc::new);
    PARSED.lock().unwrap().insert(digest, value.clone());
    value
}

/// Returns the state of a lake as a text: two lakes with equal texts are in the same state. The text leaves out the contents
/// of locks, which name their holders, and names and times that differ from run to run. Of the files that the seal makes
/// read-only one after the other it tells only whether none, some or all are.
pub fn fingerprint(lake: &Path) -> String {
    let mut lines = Vec::new();
    let mut writable = BTreeSet::new();
    // A task that makes the lake may have been killed before there was one.
    let entries = walkdir::WalkDir::new(lake).sort_by_file_name().into_iter().filter(|_| lake.exists());
    for entry in entries.map(Result::unwrap) {
        let path = entry.path().strip_prefix(lake).unwrap().display().to_string();
        let metadata = entry.metadata().unwrap();
        let volatile = ["_meta/", "_reports/", "_tasks/", "_manifest.json"].iter().any(|part| path.contains(part));
        let content = match entry.file_type() {
            kind if kind.is_file() && !volatile => sha256(entry.path()),
            kind if kind.is_symlink() => fs::read_link(entry.path()).unwrap().display().to_string(),
            _ => String::new(),
        };
        let path = if volatile { without_names_of_the_moment(&path) } else { path };
        if is_scratch(&path) {
            continue;
        }
        let size = if volatile && metadata.len() > 0 { 1 } else { metadata.len() };
        let size = if metadata.is_dir() { 0 } else { size };
        if metadata.is_file() && !path.starts_with("_meta/") {
            writable.insert(metadata.permissions().mode() & 0o222 != 0);
        }
        lines.push(format!("{path} {size} {content}"));
    }
    lines.push(format!("writable: {writable:?}"));
    // In the order of their names of the moment they would differ from run to run.
    lines.sort();
    lines.join("\n")
}

/// Whether a path without names of the moment lies in a scratch folder: the next task has another one and never looks.
fn is_scratch(path: &str) -> bool {
    let below = path.strip_prefix("_meta/_staging/").unwrap_or_default();
    below.split('/').skip(1).any(|part| part == "*")
}

/// A path without times, process ids and the six characters by which a scratch folder is unlike all others.
fn without_names_of_the_moment(path: &str) -> String {
    let parts = path.split(['.', '/']).map(|part| {
        let of_scratch = part.len() == 6 && part.chars().all(char::is_alphanumeric);
        if of_scratch { "*".to_owned() } else { part.replace(|c: char| c.is_ascii_digit(), "0") }
    });
    parts.collect::<Vec<_>>().join("/")
}
