//! A run of an earlier month than the published one.

use std::fs;

use crate::support::{Finished, TestLake, sealed_lake};

/// Makes a sealed run of the lake one of another month: its description is not covered by what promote compares first.
fn published_for(lake: &TestLake, run: &str, month: &str) {
    lake.promote(run).expect_status(0);
    let path = lake.root().join(format!("_runs/{run}/_run.json"));
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, text.replace("\"dump_month\": \"2026-11\"", &format!("\"dump_month\": \"{month}\""))).unwrap();
}

fn promote(lake: &TestLake, run: &str, further: &[&str]) -> Finished {
    let arguments = ["--run-id", run, "--run-mode", "prod", "--allow-promote"];
    lake.task("promote").args(&arguments).args(further).run()
}

#[test]
fn a_run_of_an_earlier_month_is_refused_unless_that_is_asked_for() {
    let (lake, [first, second, _]) = sealed_lake();
    published_for(&lake, first, "2026-12");
    let before = lake.snapshot();
    for further in [&[][..], &["--dry-run"]] {
        let parts = ["holds the dumps of 2026-11", "2026-12 are published already", "--allow-older=true"];
        promote(&lake, second, further).expect_status(2).expect_one_line(&parts);
    }
    before.expect_unchanged(&lake.root());
    promote(&lake, second, &["--allow-older=true"]).expect_status(0).expect_result("done");
    lake.expect_active(second);
}

#[test]
fn a_run_of_the_same_or_a_later_month_is_promoted() {
    for month in ["2026-11", "2026-10"] {
        let (lake, [first, second, _]) = sealed_lake();
        published_for(&lake, first, month);
        promote(&lake, second, &[]).expect_status(0);
        lake.expect_active(second);
    }
}
