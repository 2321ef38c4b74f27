use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::lake::{NOVEMBER, OCTOBER, ask, sealed_run, task, two_months};
use crate::support::Dir;

fn diff(dir: &Dir, from: &str, to: &str, more: &[&str]) -> serde_json::Value {
    let arguments = ["--from-run-id", from, "--to-run-id", to];
    let finished = task(dir, "diff-runs", &[&arguments, more].concat()).expect_status(0);
    let json = finished.json();
    finished.expect_one_line(&["diff-runs: "]);
    json
}

/// For each table: how many rows are in one of "the first run with the feed applied" and "the second run", and not in the
/// other.
fn differences(dir: &Dir, from: &str, to: &str, feed: &Path) -> Vec<String> {
    let description: serde_json::Value = serde_json::from_slice(&fs::read(feed.join("_diff.json")).unwrap()).unwrap();
    let query = |table: &str| {
        let rows = |run: &str| {
            format!("read_parquet('{}/*.parquet')", dir.path(&format!("lake/_runs/{run}/{table}")).display())
        };
        let changes = |kinds: &str| {
            let file = feed.join(table).join("changes.parquet");
            format!("SELECT * EXCLUDE (_change) FROM read_parquet('{}') WHERE _change IN ({kinds})", file.display())
        };
        let (gone, new) = (changes("'delete', 'update_before'"), changes("'insert', 'update_after'"));
        let (from, to) = (rows(from), rows(to));
        let applied = format!("((SELECT * FROM {from} EXCEPT ALL {gone}) UNION ALL {new})");
        format!(
            "SELECT '{table}' AS t, (SELECT count(*) FROM (SELECT * FROM {applied} EXCEPT ALL SELECT * FROM {to})) AS more,
                    (SELECT count(*) FROM (SELECT * FROM {to} EXCEPT ALL SELECT * FROM {applied})) AS less"
        )
    };
    let tables: Vec<_> =
        description["tables"].as_array().unwrap().iter().map(|t| query(t["table"].as_str().unwrap())).collect();
    assert!(tables.len() >= 30, "the feed covers {} tables", tables.len());
    ask(dir, &tables.join(" UNION ALL ")).into_iter().filter(|line| !line.ends_with(",0,0")).collect()
}

/// The bytes of all files of a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file());
    files
        .map(|file| (file.path().strip_prefix(folder).unwrap().display().to_string(), fs::read(file.path()).unwrap()))
        .collect()
}

#[test]
fn the_feed_applied_to_the_first_run_gives_the_second() {
    let dir = two_months();
    let forth = diff(&dir, OCTOBER, NOVEMBER, &[]);
    let feed = dir.path(&format!("lake/_meta/discogs_history/diffs/{OCTOBER}..{NOVEMBER}"));
    assert_eq!(differences(&dir, OCTOBER, NOVEMBER, &feed), [""; 0]);
    let changes = forth["changes"].as_array().unwrap();
    let of = |table: &str| changes.iter().find(|change| change["table"] == table).unwrap();
    let releases = of("releases_v6");
    assert_eq!((&releases["inserted"], &releases["deleted"]), (&30.into(), &0.into()));
    assert!(releases["updated"].as_u64().unwrap() > 0);
    assert_eq!(releases["columns"]["country"], releases["updated"], "{releases}");

    // And back, which deletes, elsewhere.
    let back = diff(&dir, NOVEMBER, OCTOBER, &["--output", "feed"]);
    assert_eq!(differences(&dir, NOVEMBER, OCTOBER, &dir.path("feed")), [""; 0]);
    let releases = back["changes"].as_array().unwrap().iter().find(|change| change["table"] == "releases_v6").unwrap();
    assert_eq!(releases["deleted"], 30);
    assert_eq!(releases["columns"]["country"], releases["updated"]);

    assert_eq!(diff(&dir, OCTOBER, NOVEMBER, &[])["status"], "already_done");
}

#[test]
fn the_bytes_do_not_depend_on_how_it_is_cut() {
    let dir = two_months();
    diff(&dir, OCTOBER, NOVEMBER, &["--output", "at_once", "--threads", "1"]);
    // Cut within row groups: their tables have up to 2800 rows.
    diff(&dir, OCTOBER, NOVEMBER, &["--output", "in_pieces", "--threads", "4", "--rows-at-once", "100"]);
    let (at_once, in_pieces) = (contents(&dir.path("at_once")), contents(&dir.path("in_pieces")));
    assert_eq!(at_once.keys().collect::<Vec<_>>(), in_pieces.keys().collect::<Vec<_>>());
    for (name, bytes) in &at_once {
        assert!(*bytes == in_pieces[name], "{name} differs");
    }
}

#[test]
fn a_run_of_the_same_dumps_differs_in_nothing() {
    let dir = two_months();
    let again = "2026-11__20261121_000000";
    sealed_run(&dir, "2026-11", again);
    let changes = diff(&dir, NOVEMBER, again, &[]);
    for change in changes["changes"].as_array().unwrap() {
        assert_eq!((&change["inserted"], &change["updated"], &change["deleted"]), (&0.into(), &0.into(), &0.into()));
    }
}

#[test]
fn a_feed_goes_into_no_run_and_over_nothing() {
    let dir = two_months();
    fs::create_dir(dir.path("taken")).unwrap();
    for (output, message) in [
        (format!("lake/_runs/{OCTOBER}/feed"), "only the lake's own tasks may change"),
        ("lake/_runs/feed".to_owned(), "only the lake's own tasks may change"),
        ("lake/active/_reports".to_owned(), "only the lake's own tasks may change"),
        ("taken".to_owned(), "is there already"),
        ("nowhere/feed".to_owned(), "cannot write"),
    ] {
        let arguments = ["--from-run-id", OCTOBER, "--to-run-id", NOVEMBER, "--output", &output];
        task(&dir, "diff-runs", &arguments).expect_status(2).expect_stderr(message);
    }
    let begun = "2026-11__20261220_000000";
    task(&dir, "preflight", &["--dump-month", "2026-11", "--raw-root", "raw", "--run-id", begun]).expect_status(0);
    let arguments = ["--from-run-id", OCTOBER, "--to-run-id", begun];
    task(&dir, "diff-runs", &arguments).expect_status(2).expect_stderr("not sealed");
}
