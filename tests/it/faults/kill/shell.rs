//! `lakeshell`, killed within `insert` and `export`: the table is as it was before, or as it is after, and the exported file is
//! absent or whole.

use std::fs;
use std::path::Path;

use super::own::rows;
use crate::faults::lake::{Stage, names};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::TestLake;

#[test]
fn insert_and_export() {
    if !available() {
        return;
    }
    let names = names();
    let commands = |lake: &TestLake| {
        let file = lake.beside("names.ndjson");
        format!(
            "insert mine.names {} key=id; SELECT * FROM mine.names ORDER BY ALL; export {}",
            names.display(),
            file.display()
        )
    };
    let call = |lake: &TestLake| lake.call("lakeshell", &["--threads", "1", "-c", &commands(lake)]);
    let clean = TestLake::at(Stage::Own);
    let calls = writing_calls(&call(&clean));
    let exported = fs::read_to_string(clean.beside("names.ndjson")).unwrap();
    assert_eq!((rows(&clean), exported.lines().count()), (Ok(2), 2));
    let export = calls.iter().position(|call| call.text.contains(".unfinished")).unwrap();
    let (insert, export) = calls.split_at(export);
    // A Ctrl-C leaves the table as it was, or comes when the rows are committed.
    for fault in few(insert.to_vec(), 3) {
        let when = format!("lakeshell stopped by Ctrl-C before {} number {}, {}", fault.name, fault.number, fault.text);
        let lake = TestLake::at(Stage::Own);
        let output = run_with_fault(&call(&lake), &fault, "signal=INT", Path::new("/dev/null"), "");
        assert!([Some(0), Some(130)].contains(&output.status.code()), "{when}: {:?}", output.status);
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([0, 2].contains(&found), "{when}: {found} rows");
    }
    for fault in few(insert.to_vec(), 3).into_iter().chain(few(export.to_vec(), 5)) {
        let when = format!("lakeshell killed before {} number {}, {}", fault.name, fault.number, fault.text);
        let lake = TestLake::at(Stage::Own);
        run_with_fault(&call(&lake), &fault, "signal=KILL", Path::new("/dev/null"), "");
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([0, 2].contains(&found), "{when}: {found} rows");
        let file = lake.beside("names.ndjson");
        assert!(!file.exists() || fs::read_to_string(&file).unwrap() == exported, "{when}: half a file");
        let _ = fs::remove_file(&file);
        assert_eq!(call(&lake).run().status, Some(0), "{when}");
        assert_eq!((rows(&lake), fs::read_to_string(&file).unwrap()), (Ok(2), exported.clone()), "{when}; run again");
    }
}
