//! Tables that another program changed, and dumps that are damaged.

use std::fs;

use lake_catalog::{Access, Catalog, Replacement, Store, TableChange, TableName};

use super::{Bronze, Records, counts};
use crate::support::{RUN, TestLake, gzip, sealed_lake};

/// Changes the files of `bronze.releases` as another program would.
pub fn replace_files(lake: &TestLake, change: impl FnOnce(&mut Replacement, Vec<String>)) {
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let root = fs::canonicalize(lake.root()).unwrap();
    let mut catalog = Catalog::open(&store, &root, Access::Write).unwrap();
    let table = catalog.load(&TableName::new("bronze", "releases")).unwrap();
    let scan = table.scan(table.metadata().current_snapshot_id().unwrap()).unwrap();
    let at = Catalog::next_time([&table]);
    let mut replacement = Replacement { at, ..Replacement::default() };
    change(&mut replacement, scan.data.iter().map(|file| file.file_path().to_owned()).collect());
    let mut changed = TableChange::of(&table);
    changed.replace_files(replacement).unwrap();
    catalog.commit(vec![changed], at).unwrap();
}

#[test]
fn a_commit_that_is_no_append_is_found() {
    let (lake, _) = sealed_lake();
    lake.call("stage-tables", &["--run-id", RUN]).run().expect_status(0);
    lake.promote(RUN).expect_status(0);
    let report = || {
        let finished = lake.call("report-active", &["--environment", "sample"]).run().expect_status(0);
        finished.stderr
    };
    assert!(!report().contains("bronze"));
    let bronze = Bronze { lake };
    let dump = Records::releases(&[(1, "One"), (2, "Two")]);
    bronze.load("2026-09", "changes", &dump);
    bronze.load("2026-10", "changes", &Records::releases(&[(1, "One"), (2, "Zwei")]));
    assert!(!bronze_report(&bronze).contains("bronze"));
    // Upkeep rewrites files and keeps the rows.
    let upkeep = ["--tables", "bronze.releases", "--unnamed-hours", "0", "--dry-run", "false"];
    let upkeep = bronze.lake.call("maintain-tables", &upkeep).run().expect_status(0).json();
    assert_eq!(upkeep["metrics"]["rewritten_files"], 2, "{upkeep}");
    assert!(!bronze_report(&bronze).contains("bronze"));
    assert_eq!(bronze.restored("2026-09"), dump.xml());
    let third = Records::releases(&[(1, "One"), (2, "Zwei"), (3, "Three")]);
    assert_eq!(counts(&bronze.load("2027-01", "changes", &third))[0], 1);
    assert_eq!(bronze.restored("2027-01"), third.xml());

    // An overwrite that leaves out the first file.
    replace_files(&bronze.lake, |replacement, files| {
        replacement.removed = files.into_iter().take(1).collect();
    });
    let found = bronze_report(&bronze);
    assert!(found.contains("WARN bronze.is_append_only") && found.contains("of the operation delete"), "{found}");
    bronze.restore("2027-01", "restored", &["--entities", "releases", "--replace=true"]).expect_status(5);
    // Changes have nothing to stand on, so the next load has everything.
    let load = bronze.load("2026-12", "changes", &third);
    assert_eq!((&load["mode"], counts(&load)[0]), (&"full".into(), 3), "{load}");
    assert_eq!(bronze.restored("2026-12"), third.xml());
}

fn bronze_report(bronze: &Bronze) -> String {
    bronze.lake.call("report-active", &["--environment", "sample"]).run().expect_status(0).stderr
}

#[test]
fn lost_files_and_changed_records_are_no_base_and_not_restored() {
    let bronze = Bronze::new();
    let dump = Records::releases(&[(1, "One"), (2, "Two")]);
    bronze.load("2026-11", "full", &dump);
    let data = bronze.lake.path("_tables/bronze/releases/data");
    let file = fs::read_dir(&data).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read(&file).unwrap();

    // The bytes of a record, where they stand in the file.
    let mut changed = kept.clone();
    let at = changed.windows(3).position(|bytes| bytes == b"One").unwrap();
    changed[at] = b'0';
    fs::write(&file, &changed).unwrap();
    let finished = bronze.restore("2026-11", "restored", &["--entities", "releases"]).expect_status(5);
    assert!(finished.stderr.contains("not that of its MD5"), "{}", finished.stderr);
    assert!(!bronze.lake.beside("restored/2026-11/discogs_20261101_releases.xml.gz").exists());

    fs::remove_file(&file).unwrap();
    let load = bronze.load("2026-12", "changes", &Records::releases(&[(1, "One")]));
    assert!(load["why_full"].as_str().unwrap().contains("is missing"), "{load}");
    fs::write(&file, &kept).unwrap();
    assert_eq!(bronze.restored("2026-11"), dump.xml());
}

#[test]
fn nothing_is_appended_from_a_damaged_dump() {
    let bronze = Bronze::new();
    let records: Vec<_> = (1..400).map(|id| (id, "Title")).collect();
    let whole = gzip(Records::releases(&records).xml());
    let cut = bronze.write_bytes("2026-11", "releases", &whole[..whole.len() - 100]);
    for mode in ["full", "changes"] {
        let finished = bronze.call("2026-11", mode, std::slice::from_ref(&cut), &[]).expect_status(5);
        let says =
            finished.stderr.contains("the gzip stream ends early") && finished.stderr.contains("last whole release");
        assert!(says, "{}", finished.stderr);
    }
    assert!(!bronze.lake.path("_tables").exists() && !bronze.lake.path("_meta/catalog.sqlite").exists());
    bronze.lake.expect_nothing_staged();

    bronze.load("2026-10", "full", &Records::releases(&records[..5]));
    let before = bronze.rows("SELECT count(*) FROM bronze.releases");
    bronze.call("2026-11", "changes", std::slice::from_ref(&cut), &[]).expect_status(5);
    assert_eq!(bronze.rows("SELECT count(*) FROM bronze.releases"), before);
    let other = bronze.write_bytes("2026-11", "releases", &gzip("<labels></labels>"));
    bronze.call("2026-11", "full", &[other], &[]).expect_status(5).expect_stderr("the dump of labels, not of releases");
    bronze.call("2026-12", "full", &[cut], &[]).expect_status(2).expect_stderr("another month");
    bronze.lake.expect_nothing_staged();
}
