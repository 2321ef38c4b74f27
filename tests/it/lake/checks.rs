//! A failed CRITICAL check: exit 3, nothing is sealed, the report is kept and named.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::support::{
    Finished, Month, RUN, TestCommand, TestLake, Value, binary, eventually, gzip, month, sealed_lake,
};

fn check(lake: &TestLake, environment: &str) -> Finished {
    lake.task("sanity-check").args(&["--run-id", RUN, "--environment", environment]).run()
}

/// The lines of the report that a result names.
fn report(finished: &Finished) -> String {
    fs::read_to_string(finished.json()["report"].as_str().unwrap()).unwrap()
}

#[test]
fn a_failed_check_is_named_with_its_count_and_ids_and_nothing_is_sealed() {
    let lake = TestLake::begun();
    let twice = "<label><id>7</id><name>Seven</name></label>\n<label><id>8</id><name>Eight</name></label>\n".repeat(2);
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>{twice}</labels>")));
    lake.task("ingest-labels").args(&["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()]).run().expect_status(0);
    for entity in ["artists", "masters", "releases"] {
        lake.task(&format!("ingest-{entity}")).args(&["--run-id", RUN]).run().expect_status(0);
    }
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let before = lake.snapshot();

    let finished = check(&lake, "sample").expect_status(3);
    assert_eq!(finished.json()["error"]["class"], "checks_failed");
    let report = report(&finished);
    assert!(report.starts_with("check_name,severity,value,ok,details\n"), "{report}");
    let failed: Vec<_> =
        report.lines().filter(|line| line.contains(",CRITICAL,") && line.contains(",false,")).collect();
    assert!(
        failed.iter().any(|line| line.starts_with("labels_ref_v10.duplicate_label_id_groups,CRITICAL,2,false,")),
        "{failed:?}"
    );
    assert_eq!(finished.json()["checks"]["critical_failed"], failed.len());
    let path = finished.json()["report"].as_str().unwrap().to_owned();
    finished.expect_stderr("labels_ref_v10.duplicate_label_id_groups (2, such as 7 / 8)").expect_stderr(&path);
    before.expect_unchanged(&lake.root());
    lake.expect_nothing_staged();

    // Unsealed, it is not published.
    lake.promote(RUN).expect_status(2).expect_one_line(&[&format!("run {RUN} is not sealed"), "sanity-check"]);
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_table_that_is_missing_is_a_failed_check() {
    let lake = TestLake::begun();
    lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(0);
    let finished = check(&lake, "sample").expect_status(3);
    let report = report(&finished);
    assert!(report.contains("releases_ref_v6.rows,CRITICAL,0,false,"), "{report}");
    finished.expect_stderr("artist_aliases_v1.rows (0); ").expect_stderr(" more; all are in ");
}

#[test]
fn too_few_rows_for_a_month_are_a_failed_check() {
    let lake = TestLake::ingested();
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let finished = check(&lake, "month").expect_status(3).expect_stderr("releases_ref_v6.rows (300)");
    assert!(finished.stderr.contains("artists_v1.rows (159)"), "{}", finished.stderr);
    check(&lake, "sample").expect_status(0).expect_result("done");
}

#[test]
fn an_environment_that_the_contract_does_not_have_is_refused() {
    let lake = TestLake::begun();
    check(&lake, "year").expect_status(2).expect_one_line(&["year", "month", "sample"]);
}

/// The names that people filter their reports by.
#[test]
fn the_report_has_the_checks_that_people_know() {
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    let finished = lake.task("report-active").args(&["--environment", "sample"]).run().expect_status(0);
    let path = finished.json()["report"].as_str().unwrap().to_owned();
    assert!(path.contains("/_reports/duckdb_sanity_active_") && path.ends_with(".csv"), "{path}");
    let report = report(&finished);
    let severity = |name: &str| {
        let line = report.lines().find(|line| line.starts_with(&format!("{name},")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{report}")).split(',').nth(1).unwrap().to_owned()
    };
    for name in [
        "artists_v1.rows",
        "artists_v1.null_artist_id",
        "artist_aliases_v1.orphan_artist_id_rows",
        "labels_ref_v10.null_label_id",
        "masters_v1.null_master_id",
        "masters_v1.duplicate_master_ids",
        "releases_ref_v6.null_release_id",
        "releases_ref_v6.duplicate_release_ids",
    ] {
        assert_eq!(severity(name), "CRITICAL", "{name}");
    }
    for name in [
        "artists_v1.empty_name",
        "artist_memberships_v1.orphan_member_ids",
        "artist_memberships_v1.orphan_group_ids",
        "masters_v1.orphan_main_release_id",
        "warehouse.artist_name_map_v1.orphan_artist_ids",
        "warehouse.release_artists_v1.orphan_release_ids",
        "warehouse.release_style_xref_v1.orphan_release_ids",
        "warehouse.release_genre_xref_v1.orphan_release_ids",
        "artist_aliases_v1.orphan_alias_rows",
    ] {
        severity(name);
    }
    // Worst first, then by name.
    let rank =
        |line: &str| ["CRITICAL", "WARN", "INFO"].iter().position(|severity| line.contains(&format!(",{severity},")));
    let order: Vec<_> =
        report.lines().skip(1).map(|line| (rank(line).unwrap(), line.split(',').next().unwrap())).collect();
    assert!(order.is_sorted(), "{report}");
}

#[test]
fn what_no_table_takes_is_reported() {
    let month = Month::generate("2026-11", &["--releases", "300", "--unknown-element", "true"]);
    let lake = TestLake::begun_on(&month);
    let finished = lake.task("ingest-releases").args(&["--run-id", RUN]).run().expect_status(0);
    let unknown = finished.json()["unknown_paths"].as_object().unwrap().clone();
    assert!(!unknown.is_empty());
    check(&lake, "sample").expect_status(3);
    let report = fs::read_to_string(lake.in_run("_reports/unknown_paths.csv")).unwrap();
    for (path, count) in unknown {
        assert!(report.contains(&format!("{path},{count}\n")), "{path} is not in\n{report}");
    }
}

/// The root element is in no record.
#[test]
fn attributes_of_the_root_that_no_table_takes_are_counted() {
    for root in [
        "<labels version=\"2\" generated='x'>",
        "<labels\n  version=\"2\"\tgenerated=\"x\" >",
        "<labels version=\"2\" generated=\"x\"/>",
    ] {
        let lake = TestLake::begun();
        let end = if root.ends_with("/>") { "" } else { "</labels>" };
        let dump = lake.write("labels.xml.gz", gzip(format!("{root}{end}")));
        let finished =
            lake.task("ingest-labels").args(&["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()]).run();
        let unknown = &finished.expect_status(0).json()["unknown_paths"];
        assert_eq!(*unknown, serde_json::json!({"labels@generated": 1, "labels@version": 1}), "{root}");
    }
}

/// Minutes over a whole month: on a terminal there is a bar, as when dumps are read.
#[test]
fn a_check_shows_how_far_it_is() {
    let lake = TestLake::ingested();
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    for (task, further, shown) in [
        ("sanity-check", "--environment sample", ["reading ", "checking "]),
        ("verify-run", "", ["verifying ", format!("left verifying run {RUN}").as_str()]),
    ] {
        let program = binary(task);
        let command = format!("{} --run-id {RUN} {further}", program.display());
        let mut terminal = TestCommand::new(Path::new("sh"), &lake.root());
        let finished = terminal
            .env("DISCOGS_DATA_LAKE", lake.root())
            .args(&["-c", &format!("script -qefc '{command}' /dev/null")])
            .run()
            .expect_status(0);
        for part in shown {
            assert!(finished.stdout.contains(part), "no {part:?} in\n{}", finished.stdout);
        }
    }
}

fn record(lake: &TestLake) -> serde_json::Value {
    lake.json(&format!("_runs/{RUN}/_tasks/sanity-check.json"))
}

#[test]
fn checks_that_fail_are_on_record() {
    let lake = TestLake::begun();
    lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(0);
    check(&lake, "sample").expect_status(3).expect_stderr("rebuild what is wrong with --replace=true");
    assert_eq!(
        (&record(&lake)["status"], &record(&lake)["error"]["class"]),
        (&"failed".into(), &"checks_failed".into())
    );
}

#[test]
fn a_seal_waits_for_whoever_has_the_lake_and_a_seal_that_fails_is_on_record() {
    let lake = TestLake::ingested();
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let stranger = lake.in_run("stranger.txt");
    fs::write(&stranger, "").unwrap();
    check(&lake, "sample").expect_status(5).expect_one_line(&["stranger.txt belongs to no dataset"]);
    assert_eq!((&record(&lake)["status"], &record(&lake)["error"]["class"]), (&"failed".into(), &"bad_input".into()));
    fs::remove_file(&stranger).unwrap();

    let path = lake.root().join("_meta/locks/lake.lock");
    let holder = r#"{"pid": 4711, "task": "promote", "host": "elsewhere", "since": "2026-11-20T00:00:00Z"}"#;
    fs::write(&path, holder).unwrap();
    let lock = fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    let child = lake.task("sanity-check").args(&["--run-id", RUN, "--environment", "sample"]).spawn();
    eventually("the checks have passed", || record(&lake)["status"] == "done");
    // Longer than any task waits for a lock that it would rather not wait for.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!lake.in_run("_manifest.json").exists(), "sealed under the lock of another process");
    lock.unlock().unwrap();
    let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(0).expect_result("done");
    let waited =
        "sanity-check: waits: the lake is locked by promote (pid 4711 on elsewhere, since 2026-11-20 00:00:00 UTC)";
    assert_eq!(finished.stderr.matches("sanity-check: waits: ").count(), 1, "{}", finished.stderr);
    finished.expect_stderr(waited);
    assert!(lake.in_run("_manifest.json").is_file());
    assert_eq!(record(&lake)["status"], "done");
}

/// A run on the shared month with a dump of its own in place of one: the same, with further records.
fn ingested_with(entity: &str, records: &str) -> TestLake {
    let lake = TestLake::new();
    let mut xml = String::new();
    let dump = fs::File::open(month().dump(entity)).unwrap();
    flate2::read::MultiGzDecoder::new(dump).read_to_string(&mut xml).unwrap();
    let end = format!("</{entity}>");
    let dump = lake.write(&format!("{entity}.xml.gz"), gzip(xml.replace(&end, &format!("{records}\n{end}"))));
    let raw_root = month().raw_root().to_str().unwrap();
    let mut preflight = lake.task("preflight");
    preflight.args(&["--run-id", RUN, "--dump-month", "2026-11", "--raw-root", raw_root, "--min-free", "0"]);
    preflight.args(&[&format!("--{entity}-dump"), dump.to_str().unwrap()]).run().expect_status(0);
    lake.ingest(RUN);
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    lake
}

/// Discogs' ids are numbers, until one is not: the published text has it as entered, the row has none.
#[test]
fn an_odd_id_of_a_sublabel_does_not_stop_a_month() {
    let odd = "<label><id>999999</id><name>Odd</name><sublabels><label id=\"0014\">A</label><label id=\"n/a\">B</label>\
               <label id=\"15\">C</label></sublabels></label>";
    let lake = ingested_with("labels", odd);
    let text = Value::Text("0014, n/a, 15".into());
    assert!(lake.table("labels_v10").column("sublabel_ids_csv").any(|ids| *ids == text));
    let finished = check(&lake, "sample").expect_status(0);
    let report = report(&finished);
    assert!(report.contains("labels_ref_v10.sublabel_ids_csv_agrees,INFO,1,true,"), "{report}");
    assert!(report.contains("ingest.ids_not_numbers,"), "{report}");
}

/// Without an id, as Discogs writes it since 2024-12, or with one of 0, as before.
#[test]
fn a_master_with_artists_that_are_not_linked_is_right() {
    let artists = |unlinked: &str| -> String {
        // Ids that the dump of artists lacks: these have names of their own there.
        let linked = |id: u32| format!("<artist><id>90000{id}</id><name>Artist {id}</name></artist>");
        [unlinked, &(1..=8).map(linked).collect::<String>(), unlinked, unlinked, &linked(9)].concat()
    };
    let now = artists("<artist><name>Nobody</name></artist>");
    let before = artists("<artist><id>0</id><name>Nobody</name></artist>");
    let master = |id: u32, artists: &str| format!("<master id=\"{id}\"><artists>{artists}</artists></master>");
    let lake = ingested_with("masters", &[master(999_998, &now), master(999_999, &before)].concat());
    for text in ["1,2,3,4,5,6,7,8,9", "0,1,2,3,4,5,6,7,8,0,0,9"] {
        let ids = text.split(',').map(|id| if id == "0" { id.to_owned() } else { format!("90000{id}") });
        let text = Value::Text(ids.collect::<Vec<_>>().join(","));
        assert!(lake.table("masters_v1_typed").column("master_artist_ids").any(|ids| *ids == text), "{text:?}");
    }
    let finished = check(&lake, "sample").expect_status(0);
    let report = report(&finished);
    assert!(report.contains("masters_v1.master_artist_ids_agrees,INFO,0,true,"), "{report}");
}

/// Any dump can be given by hand. That it is not the one the run was begun for is found before the run is sealed.
#[test]
fn a_table_of_another_dump_than_the_runs_is_found() {
    let lake = TestLake::ingested();
    let other = Month::generate("2026-11", &["--releases", "300", "--seed", "2"]).dump("labels");
    let other = lake.write("other.xml.gz", fs::read(other).unwrap());
    let arguments = ["--run-id", RUN, "--labels-dump", other.to_str().unwrap(), "--replace", "true"];
    lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let finished = check(&lake, "sample").expect_status(3);
    let report = report(&finished);
    let found = |line: &str| report.lines().any(|it| it.starts_with(line));
    assert!(
        found("labels_ref_v10.inputs,CRITICAL,1,false,") && found("label_urls_v1.inputs,CRITICAL,1,false,"),
        "{report}"
    );
    assert!(found("artists_v1.inputs,CRITICAL,0,true,"), "{report}");
}
