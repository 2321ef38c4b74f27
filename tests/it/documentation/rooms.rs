//! The rooms of the source, which of them may use which, and that the README's map names them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `src`, from the top down. A room may use those in later lines, and none of its own line.
const LAYERS: [&[&str]; 11] = [
    &["bin"],
    &["commands"],
    &["bronze", "query", "retention"],
    &["check", "database", "gold", "history", "ingest", "metrics", "own", "warehouse"],
    &["tables"],
    &["parquet", "sql"],
    &["contract"],
    &["dump"],
    &["store"],
    &["lake"],
    &["http", "page", "parallel"],
];

/// The crates of the workspace, and those of them that each may use.
const CRATES: [(&str, &[&str]); 13] = [
    (
        ".",
        &[
            "digdag-task",
            "dump-names",
            "generate-dumps",
            "hashing-writer",
            "lake-catalog",
            "lake-database",
            "lake-layout",
            "lake-store",
            "run-workflow",
        ],
    ),
    ("catalog", &[]),
    ("database", &[]),
    ("digdag-task", &[]),
    ("dump-names", &[]),
    ("generate-dumps", &["digdag-task", "dump-names", "hashing-writer", "lake-layout"]),
    ("hashing-writer", &[]),
    ("layout", &[]),
    ("rest-catalog", &["lake-catalog"]),
    ("run-workflow", &["digdag-task"]),
    ("server", &["digdag-task", "discogs-lakehouse", "lake-catalog", "lake-rest-catalog"]),
    ("shell", &["digdag-task", "discogs-lakehouse"]),
    ("store", &[]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns each Rust file below a folder with its code, comments left out.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    let read = |path: PathBuf| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap().lines().map(code).collect())
    };
    super::rust_files(folder).map(read).collect()
}

fn layer(room: &str) -> usize {
    let found = LAYERS.iter().position(|rooms| rooms.contains(&room));
    found.unwrap_or_else(|| panic!("src/{room} is no room of tests/it/documentation/rooms.rs"))
}

/// Returns the words that follow a path such as `crate::`, in code; of a list in braces the first word of each entry.
fn words_after<'c>(code: &'c str, path: &str) -> Vec<&'c str> {
    let word = |text: &'c str| text.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let after = code.split(path).skip(1);
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            None => vec![word(rest)],
            Some(list) => list.split('}').next().unwrap_or_default().split(',').map(word).collect(),
        })
        .collect()
}

#[test]
fn each_room_uses_only_those_below_it() {
    let mut rooms = BTreeSet::new();
    for (file, code) in sources(&root().join("src")) {
        let room = file.split('/').next().unwrap().trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        rooms.insert(room.to_owned());
        let own_crate = if room == "bin" { "discogs_lakehouse::" } else { "crate::" };
        for used in words_after(&code, own_crate).into_iter().filter(|used| *used != room) {
            assert!(layer(room) < layer(used), "src/{file} uses src/{used}, which is not below src/{room}");
        }
    }
    let known: BTreeSet<String> = LAYERS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(rooms, known, "the rooms of src and those of this test");
}

/// The disk knows no lake and no task; only commands and binaries know a `Call`.
#[test]
fn what_a_room_must_not_know_is_not_in_it() {
    for (file, code) in sources(&root().join("src/lake/disk")) {
        for used in words_after(&code, "crate::") {
            assert_eq!(used, "parallel", "src/lake/disk/{file} uses src/{used}");
        }
        for outside in ["digdag_task", "super::super"] {
            assert!(!code.contains(outside), "src/lake/disk/{file} uses {outside}");
        }
    }
}

#[test]
fn each_crate_uses_only_those_it_may() {
    let names = CRATES.map(|(name, _)| match name {
        "catalog" => "lake-catalog",
        "database" => "lake-database",
        "." => "discogs-lakehouse",
        "layout" => "lake-layout",
        "rest-catalog" => "lake-rest-catalog",
        "server" => "lakehouse-server",
        "shell" => "lakeshell",
        "store" => "lake-store",
        name => name,
    });
    for (name, may_use) in CRATES {
        let folder = if name == "." { root() } else { root().join("crates").join(name) };
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for line in manifest.lines().filter(|line| line.contains("path = ") && line.contains('{')) {
            let used = line.split([' ', '=']).next().unwrap();
            assert!(names.contains(&used), "{used} is no crate of this test");
            assert!(may_use.contains(&used), "crates/{name} uses crates/{used}");
        }
    }
    let there = fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(there, CRATES.len() - 1, "the crates of the workspace and those of this test");
}

/// The map is the lines of the README that begin with four spaces and `src/` or `crates/`.
#[test]
fn the_map_of_the_readme_names_every_room_and_nothing_else() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    "));
    let map: Vec<&str> = lines.filter(|line| line.starts_with("src/") || line.starts_with("crates/")).collect();
    let words = map.iter().flat_map(|line| line.split([' ', ',', ';', '(', ')'])).map(|word| word.trim_matches('/'));
    let named: BTreeSet<&str> = words.collect();
    for path in named.iter().filter(|path| path.starts_with("src/") || path.starts_with("crates/")) {
        assert!(root().join(path).exists(), "the README's map names {path}, which is missing");
    }
    for room in LAYERS.concat() {
        let known = named.contains(format!("src/{room}").as_str()) || named.contains(format!("src/{room}.rs").as_str());
        assert!(known, "the README's map does not name src/{room}");
    }
    for (name, _) in &CRATES[1..] {
        assert!(named.contains(name), "the README's map does not name crates/{name}");
    }
}
