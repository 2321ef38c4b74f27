//! `upsert-table`, killed: the table is as it was before, or as it is after, and no file of a killed call stays.

use std::path::Path;

use lake_catalog::{Access, Catalog, Store, TableName};

use super::equal;
use super::tables::no_orphans;
use crate::faults::lake::{Stage, names};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::TestLake;

/// The rows of `mine.names`, read from the files of its current snapshot.
fn rows(lake: &TestLake) -> Result<u64, String> {
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let table = catalog.load(&TableName::new("mine", "names")).map_err(|error| error.to_string())?;
    let Some(snapshot) = table.metadata().current_snapshot_id() else { return Ok(0) };
    let scan = table.scan(snapshot).map_err(|error| error.to_string())?;
    for file in &scan.data {
        let path = file.file_path().trim_start_matches("file://");
        equal(std::fs::metadata(path).map(|found| found.len()).ok(), Some(file.file_size_in_bytes()))?;
    }
    Ok(scan.data.iter().map(|file| file.record_count()).sum())
}

#[test]
fn upsert_table() {
    if !available() {
        return;
    }
    let names = names();
    let arguments = ["--table", "mine.names", "--from", names.to_str().unwrap(), "--key", "id", "--threads", "1"];
    let clean = TestLake::at(Stage::Own);
    let calls = writing_calls(&clean.call("upsert-table", &arguments));
    assert_eq!(rows(&clean), Ok(2));
    assert!(calls.len() > 60, "{}", calls.len());
    // The calls behind the first file in the table's folder are those of the commit.
    let commits = calls.iter().position(|call| call.text.contains("_tables/mine/names")).unwrap_or(0);
    let (before, commit) = calls.split_at(commits);
    for call in few(before.to_vec(), 2).into_iter().chain(few(commit.to_vec(), 10)) {
        let when = format!("upsert-table killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = TestLake::at(Stage::Own);
        let command = lake.call("upsert-table", &arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([0, 2].contains(&found), "{when}: {found} rows");
        assert_eq!(lake.call("upsert-table", &arguments).run().status, Some(0), "{when}");
        assert_eq!(rows(&lake), Ok(2), "{when}; run again");
        // A call that finds its input committed takes no lock; the next task that does removes what was left.
        let alter = ["--table", "mine.names", "--changes", "move name first"];
        assert_eq!(lake.call("alter-table", &alter).run().status, Some(0), "{when}");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        let files = std::fs::read_dir(lake.path("_tables/mine/names/data")).unwrap().count();
        assert_eq!(files, 1, "{when}: files of a killed call");
    }
}
