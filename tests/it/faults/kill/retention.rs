//! `enforce-retention`, killed: the table has all its rows, or those that are kept, and the next call ends the work.

use std::path::Path;

use super::own::{files, rows};
use super::tables::no_orphans;
use crate::faults::lake::Stage;
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::TestLake;

#[test]
fn enforce_retention() {
    if !available() {
        return;
    }
    let arguments = ["--today", "2026-12-01", "--dry-run", "false", "--threads", "1"];
    let fresh = || {
        let lake = TestLake::at(Stage::Own);
        for text in ["1,2020-01-01\n2,2026-11-30\n", "3,2020-01-01\n", "4,2026-11-30\n"] {
            let file = lake.write("names.csv", format!("id,ingestion_timestamp\n{text}"));
            let from = ["--table", "mine.names", "--from", file.to_str().unwrap(), "--mode", "append"];
            lake.call("upsert-table", &from).run().expect_status(0);
        }
        lake
    };
    let clean = fresh();
    let calls = writing_calls(&clean.call("enforce-retention", &arguments));
    assert_eq!((rows(&clean), calls.len() > 30), (Ok(2), true));
    for call in few(calls, 12) {
        let when = format!("enforce-retention killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = fresh();
        let command = lake.call("enforce-retention", &arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([4, 2].contains(&found), "{when}: {found} rows");
        assert_eq!(lake.call("enforce-retention", &arguments).run().status, Some(0), "{when}");
        assert_eq!(rows(&lake), Ok(2), "{when}; run again");
        assert_eq!(lake.call("rebuild-catalog", &[]).run().status, Some(0), "{when}");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        // Three files of the rows that came, and the first of them written again.
        assert_eq!(files(&lake), 4, "{when}: files of a killed call");
    }
}
