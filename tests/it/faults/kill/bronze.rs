//! `append-bronze-dump`, killed: the table has the dump, or it is as before, and no file of a killed call stays.
//! `restore-dump`, killed: the file is absent or whole.

use std::path::{Path, PathBuf};

use lake_catalog::{Access, Catalog, Store, TableName};

use super::equal;
use super::tables::no_orphans;
use crate::faults::lake::{RUNS, Stage};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::{TestLake, gzip};

/// The rows of `bronze.labels`, `None` if the catalog lacks it. Every file that it names is there.
fn rows(lake: &TestLake) -> Result<Option<u64>, String> {
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let table = catalog.find(&TableName::new("bronze", "labels")).map_err(|error| error.to_string())?;
    let Some(table) = table else { return Ok(None) };
    let Some(snapshot) = table.metadata().current_snapshot_id() else { return Ok(Some(0)) };
    let scan = table.scan(snapshot).map_err(|error| error.to_string())?;
    for (file, path) in scan.data.iter().zip(scan.paths()) {
        equal(std::fs::metadata(path).map(|found| found.len()).ok(), Some(file.file_size_in_bytes()))?;
    }
    Ok(Some(scan.data.iter().map(|file| file.record_count()).sum()))
}

fn dump(lake: &TestLake, name: &str, titles: &[&str]) -> PathBuf {
    let label = |(id, title): (usize, &&str)| format!("<label><id>{id}</id><name>{title}</name></label>\n");
    let labels: String = (1..).zip(titles).map(label).collect();
    lake.write(name, gzip(format!("<labels>\n{labels}</labels>\n")))
}

/// A lake whose table has a first dump, and the call that appends the changes of a second one.
fn with_changes() -> (TestLake, Vec<String>) {
    let lake = TestLake::at(Stage::Staged);
    let first = dump(&lake, "first.xml.gz", &["a", "b", "c"]);
    let arguments = |mode: &str, dump: &Path| {
        let arguments = ["--run-id", RUNS[0], "--bronze", mode, "--bronze-entities", "labels", "--threads", "1"];
        let mut arguments: Vec<_> = arguments.map(str::to_owned).into();
        arguments.extend(["--labels-dump".to_owned(), dump.to_str().unwrap().to_owned()]);
        arguments
    };
    let of_first = arguments("full", &first);
    lake.call("append-bronze-dump", &borrowed(&of_first)).run().expect_status(0);
    let second = dump(&lake, "second.xml.gz", &["a", "B", "c", "d"]);
    (lake, arguments("changes", &second))
}

/// Makes a lake, and the arguments of the call to be killed.
type Make = fn() -> (TestLake, Vec<String>);

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn append_bronze_dump() {
    if !available() {
        return;
    }
    let full = || {
        let arguments = ["--run-id", RUNS[0], "--bronze", "full", "--bronze-entities", "labels", "--threads", "1"];
        (TestLake::at(Stage::Staged), arguments.map(str::to_owned).to_vec())
    };
    for (make, before) in [(full as Make, None), (with_changes, Some(3))] {
        let (clean, arguments) = make();
        assert_eq!(rows(&clean), Ok(before));
        let calls = writing_calls(&clean.call("append-bronze-dump", &borrowed(&arguments)));
        let after = rows(&clean).unwrap();
        assert!(after > before, "{after:?}");
        let files = |lake: &TestLake| std::fs::read_dir(lake.path("_tables/bronze/labels/data")).unwrap().count();
        let files_after = files(&clean);
        // The calls behind the first file in the table's folder are those of the commit.
        let commits = calls.iter().position(|call| call.text.contains("_tables/bronze")).unwrap_or(0);
        let (reading, commit) = calls.split_at(commits);
        for call in few(reading.to_vec(), 3).into_iter().chain(few(commit.to_vec(), 10)) {
            let when = format!("append-bronze-dump killed before {} number {}, {}", call.name, call.number, call.text);
            let (lake, arguments) = make();
            let command = lake.call("append-bronze-dump", &borrowed(&arguments));
            run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
            let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
            assert!([before, after].contains(&found), "{when}: {found:?}");
            let again = lake.call("append-bronze-dump", &borrowed(&arguments)).run();
            assert_eq!(again.status, Some(0), "{when}\n{}", again.stderr);
            assert_eq!(rows(&lake), Ok(after), "{when}; run again");
            // A call that finds its dump appended takes no lock; the next task that does removes what was left.
            assert_eq!(lake.call("rebuild-catalog", &[]).run().status, Some(0), "{when}");
            no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
            assert_eq!(files(&lake), files_after, "{when}: files of a killed call");
            assert_eq!(rows(&lake), Ok(after), "{when}; rebuilt");
        }
    }
}

#[test]
fn restore_dump() {
    if !available() {
        return;
    }
    let (lake, arguments) = with_changes();
    lake.call("append-bronze-dump", &borrowed(&arguments)).run().expect_status(0);
    let command = |folder: &str| {
        let raw = lake.beside(folder);
        let arguments = ["--dump-month", "2026-11", "--entities", "labels", "--replace=true", "--threads", "1"];
        lake.call("restore-dump", &[&arguments[..], &["--raw-root", raw.to_str().unwrap()]].concat())
    };
    let calls = writing_calls(&command("clean"));
    let file = |folder: &str| lake.beside(folder).join("2026-11/second.xml.gz");
    let whole = std::fs::read(file("clean")).unwrap();
    for (number, call) in few(calls, 8).into_iter().enumerate() {
        let when = format!("restore-dump killed before {} number {}, {}", call.name, call.number, call.text);
        let folder = format!("killed-{number}");
        run_with_fault(&command(&folder), &call, "signal=KILL", Path::new("/dev/null"), "");
        if let Ok(found) = std::fs::read(file(&folder)) {
            assert!(found == whole, "{when}: half a file");
        }
        command(&folder).run().expect_status(0);
        assert!(std::fs::read(file(&folder)).unwrap() == whole, "{when}; run again");
    }
}
