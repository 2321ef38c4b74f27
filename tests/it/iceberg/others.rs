//! Tables of runs that another engine writes to: pruning keeps what its snapshots name, the report says that a table was
//! changed, and no file of a run is lost.

use super::readers::python;
use super::{releases, run_of, stage};
use crate::support::{Finished, TestCommand, TestLake, sealed_lake};

const TABLE: &str = "silver.labels_v10";

/// Does something to a table with pyiceberg.
pub fn with_pyiceberg(lake: &TestLake, arguments: &[&str]) -> Option<Finished> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/iceberg/others.py");
    let mut command = TestCommand::new(&python()?, &lake.root());
    Some(command.args(&[script, lake.root().to_str().unwrap()]).args(arguments).run())
}

/// A lake whose sealed runs are all staged and were promoted one after the other.
fn promoted_lake() -> (TestLake, [&'static str; 3]) {
    let (lake, runs) = sealed_lake();
    for run in runs {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    (lake, runs)
}

fn prune(lake: &TestLake, dry_run: &str) -> Finished {
    let keep = ["--keep", "1", "--open-hours", "0", "--dry-run", dry_run];
    lake.task("prune-runs").args(&keep).run().expect_status(0)
}

/// The CSV of a report.
fn reported(report: &Finished) -> String {
    let path = report.json()["report"].as_str().unwrap().to_owned();
    std::fs::read_to_string(path).unwrap()
}

fn is_there(lake: &TestLake, run: &str) -> bool {
    lake.root().join("_runs").join(run).is_dir()
}

#[test]
fn pruning_keeps_a_run_whose_files_a_snapshot_of_another_engine_names() {
    let (lake, [first, second, third]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(first).expect_status(0);
    let Some(appended) = with_pyiceberg(&lake, &["append", TABLE]) else { return };
    appended.expect_status(0);
    for run in [second, third] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    // Without further links, only the table needs the first run.
    lake.remove_previous_links();
    prune(&lake, "true").expect_stderr("needs it");
    let pruned = prune(&lake, "false").json();
    assert_eq!(pruned["removed"].as_array().map(Vec::len), Some(1), "{pruned}");
    assert!(is_there(&lake, first) && !is_there(&lake, second) && is_there(&lake, third));
    assert_eq!(run_of(&lake, TABLE, "main").as_deref(), Some(third));
}

#[test]
fn pruning_keeps_a_run_that_a_tag_of_peoples_own_names() {
    let (lake, [first, second, third]) = promoted_lake();
    let to = ["--table", "labels_v10", "--to", first];
    lake.task("rollback-table").args(&to).run().expect_status(0);
    let Some(tagged) = with_pyiceberg(&lake, &["tag", TABLE, "for_the_audit", "-1"]) else { return };
    tagged.expect_status(0);
    lake.task("rollback-table").args(&["--to", third]).run().expect_status(0);
    lake.remove_previous_links();
    prune(&lake, "false").expect_stderr("for_the_audit of silver.labels_v10 needs it");
    assert!(is_there(&lake, first) && !is_there(&lake, second) && is_there(&lake, third));
    assert_eq!(releases(&lake, &["--as-of", first]), releases(&lake, &["--run-id", first]));
}

#[test]
fn a_table_that_another_engine_changed_or_dropped_fails_the_report_until_it_is_put_back() {
    let (lake, [.., active]) = promoted_lake();
    let report = |status: i32| lake.task("report-active").run().expect_status(status);
    report(0);
    let Some(appended) = with_pyiceberg(&lake, &["append", TABLE]) else { return };
    appended.expect_status(0);
    assert!(reported(&report(3)).contains("main of silver.labels_v10 is not the snapshot of the run"));
    lake.task("rollback-table").args(&["--table", TABLE, "--to", active]).run().expect_status(0);
    report(0);
    with_pyiceberg(&lake, &["drop", TABLE]).unwrap().expect_status(0);
    assert!(reported(&report(3)).contains("silver.labels_v10 is not in the catalog"));
    lake.task("rebuild-catalog").run().expect_status(0);
    report(0);
    lake.task("verify-run").run().expect_status(0);
}
