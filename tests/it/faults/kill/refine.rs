//! `append-bronze` and `refine-table`, killed: the tables are as they were before, or as they are after, and no file of a
//! killed call stays.

use std::path::Path;

use lake_catalog::{Access, Catalog, Store, TableName};

use super::equal;
use super::tables::no_orphans;
use crate::faults::lake::Stage;
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::TestLake;

const TABLES: [(&str, &str); 3] = [("bronze", "mine_shop"), ("mine", "shop"), ("mine", "shop_rejected")];

const DECLARATION: &str = "\
source: bronze.mine_shop
target: mine.shop
key: [id]
max_rejected_share: 1
columns:
  - {name: id, type: bigint}
  - {name: price, type: 'decimal(9,2)'}
";

/// The rows of the three tables, `None` for a table that the catalog lacks. Every file that a table names is there.
fn rows(lake: &TestLake) -> Result<[Option<u64>; 3], String> {
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let mut found = [None; 3];
    for (rows, (namespace, name)) in found.iter_mut().zip(TABLES) {
        let table = catalog.find(&TableName::new(namespace, name)).map_err(|error| error.to_string())?;
        let current = table.and_then(|table| table.metadata().current_snapshot_id().map(|id| (table, id)));
        let Some((table, snapshot)) = current else { continue };
        let scan = table.scan(snapshot).map_err(|error| error.to_string())?;
        for (file, path) in scan.data.iter().zip(scan.paths()) {
            equal(std::fs::metadata(path).map(|found| found.len()).ok(), Some(file.file_size_in_bytes()))?;
        }
        *rows = Some(scan.data.iter().map(|file| file.record_count()).sum());
    }
    Ok(found)
}

/// A lake with a file beside it, which `appended` says is in the bronze table.
fn lake(appended: bool) -> (TestLake, [String; 2]) {
    let lake = TestLake::at(Stage::Own);
    let file = lake.write("shop.csv", "id,price\n1,5\n2,cheap\n3,6.50\n").display().to_string();
    let declaration = lake.write("shop.yml", DECLARATION).display().to_string();
    if appended {
        lake.call("append-bronze", &["--table", "bronze.mine_shop", "--from", &file]).run().expect_status(0);
    }
    (lake, [file, declaration])
}

/// Kills a task at a few of its calls, most of them those of the commit.
fn killed(task: &str, appended: bool, before: [Option<u64>; 3], after: [Option<u64>; 3]) {
    if !available() {
        return;
    }
    let arguments = |files: &[String; 2]| match task {
        "append-bronze" => {
            ["--table", "bronze.mine_shop", "--from", &files[0], "--threads", "1"].map(str::to_owned).to_vec()
        }
        _ => ["--declaration", &files[1], "--threads", "1"].map(str::to_owned).to_vec(),
    };
    let call = |lake: &TestLake, files: &[String; 2]| {
        let arguments = arguments(files);
        lake.call(task, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (clean, files) = lake(appended);
    let calls = writing_calls(&call(&clean, &files));
    assert_eq!(rows(&clean), Ok(after));
    let folder = if appended { "_tables/mine/shop" } else { "_tables/bronze" };
    let commits = calls.iter().position(|call| call.text.contains(folder)).unwrap_or(0);
    let (prepared, commit) = calls.split_at(commits);
    for stopped in few(prepared.to_vec(), 2).into_iter().chain(few(commit.to_vec(), 10)) {
        let when = format!("{task} killed before {} number {}, {}", stopped.name, stopped.number, stopped.text);
        let (lake, files) = lake(appended);
        let mut command = call(&lake, &files);
        run_with_fault(&command, &stopped, "signal=KILL", Path::new("/dev/null"), "");
        let found = rows(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
        assert!([before, after].contains(&found), "{when}: {found:?} rows");
        assert_eq!(command.run().status, Some(0), "{when}");
        assert_eq!(rows(&lake), Ok(after), "{when}; run again");
        let alter = ["--table", "mine.names", "--changes", "move name first"];
        assert_eq!(lake.call("alter-table", &alter).run().status, Some(0), "{when}");
        no_orphans(&lake).unwrap_or_else(|what| panic!("{when}: {what}"));
    }
}

#[test]
fn append_bronze() {
    killed("append-bronze", false, [None; 3], [Some(3), None, None]);
}

#[test]
fn refine_table() {
    killed("refine-table", true, [Some(3), None, None], [Some(3), Some(2), Some(1)]);
}
