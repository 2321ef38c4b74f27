//! A failed CRITICAL check: exit 3, nothing is sealed, the report is kept and named.

use std::fs;

use crate::support::{Finished, Month, RUN, TestLake, gzip, sealed_lake};

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
