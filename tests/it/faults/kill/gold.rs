//! `build-gold`, killed: both tables are as they were before, or both are as they are after, and no file of a killed call
//! stays.

use std::path::Path;

use lake_catalog::{Access, Catalog, Store, TableName};

use super::equal;
use super::tables::no_orphans;
use crate::faults::lake::Stage;
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::TestLake;

const TABLES: [&str; 2] = ["label_year", "style_trend"];

/// The rows of the gold tables, `None` for a table that the catalog lacks. Every file that a table names is there.
fn rows(lake: &TestLake) -> Result<[Option<u64>; 2], String> {
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let mut found = [None; 2];
    for (rows, name) in found.iter_mut().zip(TABLES) {
        let table = catalog.find(&TableName::new("gold", name)).map_err(|error| error.to_string())?;
        let Some((table, snapshot)) =
            table.and_then(|table| table.metadata().current_snapshot_id().map(|id| (table, id)))
        else {
            continue;
        };
        let scan = table.scan(snapshot).map_err(|error| error.to_string())?;
        for (file, path) in scan.data.iter().zip(scan.paths()) {
            equal(std::fs::metadata(path).map(|found| found.len()).ok(), Some(file.file_size_in_bytes()))?;
        }
        *rows = Some(scan.data.iter().map(|file| file.record_count()).sum());
    }
    Ok(found)
}

#[test]
fn build_gold() {
    if !available() {
        return;
    }
    let arguments = ["--tables", &TABLES.join(","), "--threads", "1"];
    let clean = TestLake::at(Stage::Staged);
    let calls = writing_calls(&clean.call("build-gold", &arguments));
    let built = rows(&clean).unwrap();
    assert!(built.iter().all(|rows| rows.is_some_and(|rows| rows > 0)), "{built:?}");
    // The calls behind the first file in a table's folder are those of the commit.
    let commits = calls.iter().position(|call| call.text.contains("_tables/gold")).unwrap_or(0);
    let (before, commit) = calls.split_at(commits);
    for call in few(before.to_vec(), 2).into_iter().chain(few(commit.to_vec(), 10)) {
        let when = format!("build-gold killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = TestLake::at(Stage::Staged);
        let command = lake.call("build-gold", &arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([[None; 2], built].contains(&found), "{when}: {found:?}");
        assert_eq!(lake.call("build-gold", &arguments).run().status, Some(0), "{when}");
        assert_eq!(rows(&lake), Ok(built), "{when}; run again");
        // A call that finds its tables built takes no lock; the next task that does removes what was left.
        assert_eq!(lake.call("rebuild-catalog", &[]).run().status, Some(0), "{when}");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        let files = |name| std::fs::read_dir(lake.path("_tables/gold").join(name).join("data")).unwrap().count();
        assert_eq!(TABLES.map(files), [1, 1], "{when}: files of a killed call");
    }
}
