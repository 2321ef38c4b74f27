use crate::support::{Finished, Snapshot, TestLake, sealed_lake};

fn rollback(lake: &TestLake, arguments: &[&str]) -> Finished {
    lake.task("rollback").args(arguments).run()
}

/// A lake whose active was at the first, the second, and is at the third run.
fn promoted() -> (TestLake, [&'static str; 3]) {
    let (lake, runs) = sealed_lake();
    for run in runs {
        lake.promote(run).expect_status(0);
    }
    (lake, runs)
}

#[test]
fn a_rollback_returns_and_a_second_one_goes_further() {
    let (lake, [first, second, third]) = promoted();
    let runs = Snapshot::of(&lake.root().join("_runs"));
    rollback(&lake, &[]).expect_status(0).expect_stderr(&format!("active is {second} again, it was {third}"));
    lake.expect_active(second);
    let last = rollback(&lake, &[]).expect_status(0).expect_result("done");
    last.expect_stderr("this used up the last link to an earlier run, so there is no further rollback");
    lake.expect_active(first);
    assert!(lake.previous().is_empty());
    runs.expect_unchanged(&lake.root().join("_runs"));
    // There is nothing before the first.
    let before = lake.snapshot();
    rollback(&lake, &[]).expect_status(2).expect_one_line(&["nothing to roll back to", "--to-run-id"]);
    before.expect_unchanged(&lake.root());
    // And a promotion goes on from there.
    lake.promote(third).expect_status(0);
    assert_eq!(lake.previous(), [first]);
    rollback(&lake, &[]).expect_status(0);
    lake.expect_active(first);
}

#[test]
fn a_rollback_from_a_run_is_done_once() {
    let (lake, [_, second, third]) = promoted();
    rollback(&lake, &["--from-run-id", third]).expect_status(0).expect_result("done");
    lake.expect_active(second);
    let before = lake.snapshot();
    for _ in 0..2 {
        let finished = rollback(&lake, &["--from-run-id", third]).expect_status(0).expect_result("already_done");
        finished.expect_one_line(&[&format!("rollback: already done: active is {second}, not {third}")]);
    }
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_rollback_to_a_named_run() {
    let (lake, [first, _, third]) = promoted();
    rollback(&lake, &["--to-run-id", first]).expect_status(0);
    lake.expect_active(first);
    rollback(&lake, &["--to-run-id", first]).expect_status(0).expect_result("already_done");
    // What was left is kept, as by a promotion.
    rollback(&lake, &[]).expect_status(0);
    lake.expect_active(third);
}

#[test]
fn a_rollback_that_is_tried_changes_nothing() {
    let (lake, [_, second, third]) = promoted();
    let before = lake.snapshot();
    let finished = rollback(&lake, &["--dry-run"]).expect_status(0).expect_result("skipped");
    let reason = format!("dry_run: active would move from {third} back to {second}");
    assert_eq!(finished.json()["reason"], reason);
    finished.expect_one_line(&["rollback: skipped: dry_run: "]);
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_rollback_to_what_is_no_sealed_run_is_refused() {
    let (lake, _) = promoted();
    lake.begin("20270101_000000", crate::support::month());
    let before = lake.snapshot();
    rollback(&lake, &["--to-run-id", "20270101_000000"]).expect_status(2).expect_one_line(&["is not sealed"]);
    rollback(&lake, &["--to-run-id", "20280101_000000"]).expect_status(2).expect_one_line(&["there is no run"]);
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_rollback_with_nothing_published_is_refused() {
    let (lake, _) = sealed_lake();
    let before = lake.snapshot();
    rollback(&lake, &[]).expect_status(2).expect_one_line(&["nothing to roll back to"]);
    before.expect_unchanged(&lake.root());
}

/// The sealed run says how it is checked: in the environment of a whole month, a good sample has too few rows.
#[test]
fn the_report_of_a_good_sample_run_does_not_roll_it_back() {
    let (lake, [_, second, third]) = promoted();
    for further in [&[][..], &["--recheck=true"]] {
        let mut command = lake.task("report-active");
        let finished = command.args(&["--rollback-on-failure=true"]).args(further).run().expect_status(0);
        assert_eq!(finished.json()["environment"], "sample");
        lake.expect_active(third);
    }
    // Asked for as a month, the same run fails, and is rolled back.
    let month = ["--rollback-on-failure=true", "--environment", "month"];
    lake.task("report-active").args(&month).run().expect_status(3).expect_stderr("rolled back");
    lake.expect_active(second);
}
