use crate::support::{RUN, TestLake, sealed_lake};

#[test]
fn promotions_move_active_and_keep_what_it_was() {
    let (lake, [first, second, third]) = sealed_lake();
    lake.promote(first).expect_status(0).expect_result("done").expect_stderr("it was nothing");
    lake.expect_active(first);
    assert!(lake.previous().is_empty());
    lake.promote(second).expect_status(0).expect_stderr(&format!("active is {second} now, it was {first}"));
    lake.promote(third).expect_status(0);
    lake.expect_active(third);
    assert_eq!(lake.previous(), [first, second]);
    lake.expect_nothing_staged();
}

#[test]
fn a_promotion_changes_nothing_but_links() {
    let (lake, [first, second, _]) = sealed_lake();
    lake.promote(first).expect_status(0);
    let before = crate::support::Snapshot::of(&lake.root().join("_runs"));
    lake.promote(second).expect_status(0);
    before.expect_unchanged(&lake.root().join("_runs"));
}

#[test]
fn only_prod_that_is_allowed_publishes() {
    let (lake, [run, ..]) = sealed_lake();
    let before = lake.snapshot();
    for (arguments, reason) in [
        (&[][..], "run_mode is dev, only prod publishes"),
        (&["--allow-promote"], "run_mode is dev, only prod publishes"),
        (&["--run-mode", "history", "--allow-promote"], "run_mode is history, only prod publishes"),
        (&["--run-mode", "prod"], "allow_promote is not true"),
        (&["--run-mode", "prod", "--allow-promote", "false"], "allow_promote is not true"),
    ] {
        let finished = lake.task("promote").args(&["--run-id", run]).args(arguments).run().expect_status(0);
        let line = finished.json();
        assert_eq!((line["status"].as_str(), line["reason"].as_str()), (Some("skipped"), Some(reason)));
    }
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let (lake, [first, second, _]) = sealed_lake();
    let dry = |run: &str| {
        let mut command = lake.task("promote");
        command.args(&["--run-id", run, "--run-mode", "prod", "--allow-promote", "--dry-run"]).run()
    };
    let before = lake.snapshot();
    let reason = dry(first).expect_status(0).expect_result("skipped").json()["reason"].clone();
    assert_eq!(reason, format!("dry_run: active would move from nothing to {first}"));
    before.expect_unchanged(&lake.root());
    lake.promote(first).expect_status(0);
    let before = lake.snapshot();
    let reason = dry(second).expect_status(0).json()["reason"].clone();
    assert_eq!(reason, format!("dry_run: active would move from {first} to {second}"));
    before.expect_unchanged(&lake.root());
    // What could not be promoted is said by a dry run too.
    std::fs::remove_file(lake.root().join(format!("_runs/{second}/_run.json"))).unwrap();
    dry(second).expect_status(5);
    assert!(lake.previous().is_empty());
    lake.expect_active(first);
}

#[test]
fn another_run_than_that_of_the_workflow_can_be_promoted() {
    let (lake, [first, second, _]) = sealed_lake();
    let arguments = ["--run-id", first, "--promote-run-id", second, "--run-mode", "prod", "--allow-promote"];
    lake.task("promote").args(&arguments).run().expect_status(0);
    lake.expect_active(second);
}

#[test]
fn a_run_that_is_not_sealed_is_refused() {
    let lake = TestLake::ingested();
    let before = lake.snapshot();
    lake.promote(RUN).expect_status(2).expect_one_line(&[&format!("run {RUN} is not sealed"), "run it first"]);
    before.expect_unchanged(&lake.root());
    assert!(!lake.root().join("active").exists());
}
