//! `upsert-table` and `maintain-tables`, killed: the table is as it was before, or as it is after, and no file of a killed
//! call stays. `read-changes`, killed: a file has every line once, and stdout the lines of one snapshot twice at most.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use lake_catalog::{Access, Catalog, Store, TableName};
use serde_json::Value;

use super::equal;
use super::tables::no_orphans;
use crate::faults::lake::{Stage, names};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::{TestCommand, TestLake};

/// The rows of `mine.names`, read from the files of its current snapshot.
pub(super) fn rows(lake: &TestLake) -> Result<u64, String> {
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

/// The number of files in the folder of data of `mine.names`.
pub(super) fn files(lake: &TestLake) -> usize {
    std::fs::read_dir(lake.path("_tables/mine/names/data")).unwrap().count()
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
        assert_eq!(files(&lake), 1, "{when}: files of a killed call");
    }
}

/// Runs `work` while a reader reads the table again and again. Every answer has the three rows. A file may be gone that a
/// snapshot named which has expired since the reader found it, so an answer fails only if the table has moved on.
fn while_read(lake: &TestLake, when: &str, work: impl FnOnce()) {
    let location = || {
        let catalog = rusqlite::Connection::open(lake.path("_meta/catalog.sqlite")).unwrap();
        let sql = "SELECT metadata_location FROM iceberg_tables WHERE table_name = 'names'";
        catalog.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    let is_done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !is_done.load(Ordering::Relaxed) {
                let before = location();
                match rows(lake) {
                    Ok(found) => assert_eq!(found, 3, "{when}: a reader"),
                    Err(what) => assert_ne!(location(), before, "{when}: a reader: {what}"),
                }
                reads += 1;
            }
            reads
        });
        // Also after a panic, so that the reader ends.
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        is_done.store(true, Ordering::Relaxed);
        let reads = reader.join();
        worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        reads.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    assert!(reads > 3, "{when}: {reads} reads");
}

#[test]
fn maintain_tables() {
    if !available() {
        return;
    }
    let append = |lake: &TestLake, id: usize| {
        let file = lake.write(&format!("{id}.csv"), format!("id,name\n{id},of {id}\n"));
        let from = ["--table", "mine.names", "--from", file.to_str().unwrap(), "--mode", "append"];
        lake.call("upsert-table", &from).run().expect_status(0);
    };
    let arguments = ["--tables", "mine.names", "--keep-snapshots", "1", "--keep-days", "0", "--unnamed-hours", "0"];
    let arguments = [&arguments[..], &["--dry-run", "false", "--threads", "1"]].concat();
    let fresh = || {
        let lake = TestLake::at(Stage::Own);
        (1000..1003).for_each(|id| append(&lake, id));
        lake
    };
    let clean = fresh();
    let calls = writing_calls(&clean.call("maintain-tables", &arguments));
    let expected = rows(&clean);
    assert_eq!((files(&clean), rows(&clean)), (1, Ok(3)));
    for call in few(calls, 10) {
        let when = format!("maintain-tables killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = fresh();
        while_read(&lake, &when, || {
            let command = lake.call("maintain-tables", &arguments);
            run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
            assert_eq!(rows(&lake), expected, "{when}");
            assert_eq!(lake.call("maintain-tables", &arguments).run().status, Some(0), "{when}");
        });
        assert_eq!((files(&lake), rows(&lake)), (1, Ok(3)), "{when}; run again");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
    }
}

/// The lines of a reader, each of them whole.
fn lines(text: &str, when: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "{when}: half a line: {text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{when}: {error}: {line}")))
        .collect()
}

/// A reader of `mine.names` from the start, with a position of its own, into a file of its own or to stdout.
fn reader(lake: &TestLake, trial: &str, into_file: bool) -> (TestCommand, PathBuf) {
    let (position, output) = (lake.beside(&format!("{trial}.position")), lake.beside(&format!("{trial}.ndjson")));
    let mut command = lake.call("read-changes", &["--table", "mine.names", "--from", "start", "--threads", "1"]);
    command.args(&["--position", position.to_str().unwrap()]);
    if into_file {
        command.args(&["--output", output.to_str().unwrap()]);
    }
    (command, output)
}

#[test]
fn read_changes() {
    if !available() {
        return;
    }
    let lake = TestLake::at(Stage::Own);
    for (id, rows) in ["id,name\n1,one\n2,two\n", "id,name\n2,zwei\n3,drei\n", "id,name\n3,trois\n"].iter().enumerate()
    {
        let file = lake.write(&format!("{id}.csv"), rows);
        let from = ["--table", "mine.names", "--key", "id", "--from", file.to_str().unwrap()];
        lake.call("upsert-table", &from).run().expect_status(0);
    }
    for into_file in [true, false] {
        let (clean, output) = reader(&lake, &format!("clean-{into_file}"), into_file);
        let calls = writing_calls(&clean);
        let total = calls.len();
        // Whole lines, which both kinds of readers have to give.
        let (mut whole, of_whole) = reader(&lake, &format!("whole-{into_file}"), true);
        whole.run().expect_status(0);
        let expected = lines(&fs::read_to_string(of_whole).unwrap(), "clean");
        assert_eq!(expected.len(), 5);
        if into_file {
            assert_eq!(lines(&fs::read_to_string(output).unwrap(), "clean"), expected);
        }
        for call in few(calls, 6) {
            let when =
                format!("read-changes killed before {} number {} of {total}, {}", call.name, call.number, call.text);
            let (mut command, output) = reader(&lake, &format!("{into_file}-{}-{}", call.name, call.number), into_file);
            let killed = run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
            assert_eq!(killed.status.signal(), Some(9), "{when}: it was not");
            let again = command.run();
            assert_eq!(again.status, Some(0), "{when}; run again:\n{}", again.stderr);
            if into_file {
                assert_eq!(lines(&fs::read_to_string(output).unwrap(), &when), expected, "{when}");
                assert_eq!(command.run().expect_status(0).json()["status"], "already_done", "{when}");
            } else {
                let first = lines(&String::from_utf8_lossy(&killed.stdout), &when);
                let mut seen = [first, lines(&again.stdout, &when)].concat();
                for line in &expected {
                    let found = seen.iter().position(|seen| seen == line);
                    seen.remove(found.unwrap_or_else(|| panic!("{when}: {line} is lost")));
                }
                let twice: BTreeSet<_> = seen.iter().map(|line| line["snapshot_id"].to_string()).collect();
                assert!(twice.len() <= 1, "{when}: more than a snapshot twice: {seen:?}");
            }
        }
        let left = fs::read_dir(lake.beside("")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().ends_with(".unfinished")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn aggregate_table() {
    if !available() {
        return;
    }
    let arguments =
        ["--from", "mine.source", "--table", "mine.names", "--by", "kind", "--agg", "n=count", "--threads", "1"];
    let fresh = || {
        let lake = TestLake::new();
        fs::create_dir_all(lake.root()).unwrap();
        let input = lake.write("source.csv", "id,kind\n1,a\n2,a\n3,b\n");
        let from = ["--table", "mine.source", "--from", input.to_str().unwrap(), "--key", "id"];
        lake.call("upsert-table", &from).run().expect_status(0);
        lake
    };
    let calls = writing_calls(&fresh().call("aggregate-table", &arguments));
    assert!(calls.len() > 40, "{}", calls.len());
    for call in few(calls, 12) {
        let when = format!("aggregate-table killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = fresh();
        let command = lake.call("aggregate-table", &arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let is_there = lake.call("table-history", &["--table", "mine.names"]).run().status == Some(0);
        assert!(!is_there || rows(&lake) == Ok(2), "{when}: half a table");
        assert_eq!(lake.call("aggregate-table", &arguments).run().status, Some(0), "{when}");
        assert_eq!(rows(&lake), Ok(2), "{when}; run again");
        assert_eq!(lake.call("rebuild-catalog", &[]).run().status, Some(0), "{when}");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert_eq!(files(&lake), 1, "{when}: files of a killed call");
    }
}
