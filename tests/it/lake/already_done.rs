//! Every task is run twice, by people and by Digdag: the second time changes nothing.

use std::time::{Duration, Instant};

use crate::support::{ENTITIES, Month, RUN, TestLake, month, sealed_lake};

const REPEATED: Duration = Duration::from_secs(5);

#[track_caller]
fn already_done(lake: &TestLake, task: &str, arguments: &[&str]) {
    let before = lake.snapshot();
    let started = Instant::now();
    let finished = lake.task(task).args(arguments).run().expect_status(0).expect_result("already_done");
    assert!(started.elapsed() < REPEATED, "{task} took {:?} to do nothing", started.elapsed());
    assert_eq!(finished.json()["run_id"], RUN, "{task}");
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_task_that_is_run_twice_changes_nothing() {
    let lake = TestLake::ingested();
    let raw_root = month().raw_root().to_str().unwrap();
    already_done(&lake, "preflight", &["--run-id", RUN, "--dump-month", "2026-11", "--raw-root", raw_root]);
    for entity in ENTITIES {
        already_done(&lake, &format!("ingest-{entity}"), &["--run-id", RUN]);
        // --replace asks for other inputs to be taken, and these are the same.
        already_done(&lake, &format!("ingest-{entity}"), &["--run-id", RUN, "--replace", "true"]);
    }
    let page = lake.write("discogs_page_1.json", r#"{"releases": [{"id": 7, "instance_id": 1}]}"#);
    let collection = ["--run-id", RUN, "--collection", page.to_str().unwrap()];
    lake.task("ingest-collection").args(&collection).run().expect_status(0).expect_result("done");
    already_done(&lake, "ingest-collection", &collection);
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0).expect_result("done");
    already_done(&lake, "build-warehouse", &["--run-id", RUN]);
    lake.task("sanity-check").args(&["--run-id", RUN, "--environment", "sample"]).run().expect_result("done");
    // And still, once the run is sealed.
    already_done(&lake, "sanity-check", &["--run-id", RUN, "--environment", "sample"]);
    already_done(&lake, "build-warehouse", &["--run-id", RUN]);
    already_done(&lake, "ingest-releases", &["--run-id", RUN]);
    already_done(&lake, "ingest-collection", &collection);
    lake.promote(RUN).expect_status(0).expect_result("done");
    let promote = ["--run-id", RUN, "--run-mode", "prod", "--allow-promote", "true"];
    already_done(&lake, "promote", &promote);
    already_done(&lake, "rollback", &["--to-run-id", RUN]);
}

#[test]
fn the_same_dump_under_another_name_and_time_is_the_same_input() {
    let lake = TestLake::ingested();
    let copy = lake.write("copy.xml.gz", std::fs::read(month().dump("labels")).unwrap());
    already_done(&lake, "ingest-labels", &["--run-id", RUN, "--labels-dump", copy.to_str().unwrap()]);
}

#[test]
fn another_dump_is_refused_unless_it_is_to_replace() {
    let lake = TestLake::ingested();
    let other = Month::generate("2026-11", &["--releases", "300", "--seed", "2"]).dump("labels");
    let other = lake.write("other.xml.gz", std::fs::read(other).unwrap());
    let arguments = ["--run-id", RUN, "--labels-dump", other.to_str().unwrap()];
    let before = lake.snapshot();
    let names = |lake: &TestLake| lake.table("labels_v10").column("name").cloned().collect::<Vec<_>>();
    let names_before = names(&lake);

    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(2);
    finished.expect_one_line(&["holds labels_v10 already", "another dump", "--replace=true"]);
    before.expect_unchanged(&lake.root());

    let mut command = lake.task("ingest-labels");
    command.args(&arguments).args(&["--replace", "true"]).run().expect_status(0).expect_result("done");
    assert_ne!(names(&lake), names_before);
    lake.expect_nothing_staged();
    already_done(&lake, "ingest-labels", &arguments);
}

#[test]
fn the_warehouse_over_other_tables_is_refused_unless_it_is_to_replace() {
    let lake = TestLake::ingested();
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let other = Month::generate("2026-11", &["--releases", "300", "--seed", "2"]).dump("artists");
    let other = lake.write("other.xml.gz", std::fs::read(other).unwrap());
    let arguments = ["--run-id", RUN, "--replace", "true", "--artists-dump", other.to_str().unwrap()];
    lake.task("ingest-artists").args(&arguments).run().expect_status(0);
    let before = lake.snapshot();
    let finished = lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(2);
    finished.expect_one_line(&["holds warehouse_discogs/artist_name_map_v1 already", "--replace=true"]);
    before.expect_unchanged(&lake.root());
    lake.task("build-warehouse").args(&["--run-id", RUN, "--replace", "true"]).run().expect_status(0);
    already_done(&lake, "build-warehouse", &["--run-id", RUN]);
}

#[test]
fn a_run_keeps_to_the_dumps_it_was_begun_with() {
    let lake = TestLake::begun();
    let before = lake.snapshot();
    let other = Month::generate("2026-11", &["--releases", "300", "--seed", "2"]);
    let mut command = lake.task("preflight");
    command.args(&["--run-id", RUN, "--dump-month", "2026-11"]).env("raw_root", other.raw_root());
    command.run().expect_status(2).expect_one_line(&[RUN, "was begun for", "another session_time"]);
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_sealed_run_takes_nothing_more() {
    let (lake, _) = sealed_lake();
    let other = Month::generate("2026-11", &["--releases", "300", "--seed", "2"]).dump("labels");
    let other = lake.write("other.xml.gz", std::fs::read(other).unwrap());
    let page = lake.write("discogs_page_1.json", "[]");
    let before = lake.snapshot();
    for arguments in [&["--replace", "true"][..], &[]] {
        let mut command = lake.task("ingest-labels");
        command.args(&["--run-id", RUN, "--labels-dump", other.to_str().unwrap()]).args(arguments);
        command.run().expect_status(2).expect_one_line(&["ingest-labels: run "]);
    }
    let mut command = lake.task("ingest-collection");
    command
        .args(&["--run-id", RUN, "--collection", page.to_str().unwrap()])
        .run()
        .expect_status(2)
        .expect_one_line(&["is sealed", "begin a new run"]);
    before.expect_unchanged(&lake.root());
    lake.task("sanity-check").args(&["--run-id", RUN]).run().expect_result("already_done");
}
