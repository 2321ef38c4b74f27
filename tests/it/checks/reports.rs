use std::fs;

use super::damage::rewrite;
use super::good_lake::{COPY, GOOD};
use crate::support::TestLake;

#[test]
fn without_an_address_every_task_replaces_trino_by_duckdb() {
    let lake = TestLake::checked();
    let run = &["--run-id", COPY][..];
    for (task, arguments) in [("build-warehouse", run), ("sanity-check", run), ("report-active", &[])] {
        let finished = lake.call(task, arguments).args(&["--engine", "trino"]).run().expect_status(0);
        finished.expect_stderr("trino_url is missing, so DuckDB runs the SQL");
    }
}

#[test]
fn csv_json_junit_and_page_say_the_same() {
    let lake = TestLake::checked();
    rewrite(&lake, "release_genres_v1", "SELECT * FROM t WHERE release_id % 3 = 0");
    lake.sanity_check(&[]).expect_status(3);
    let findings = lake.findings(COPY, "sanity_");
    let failed = lake.failed();
    let critical = failed.iter().filter(|check| check.ends_with("CRITICAL")).count();
    let read = |ending: &str| fs::read_to_string(lake.report(COPY, "sanity_", ending)).unwrap();

    let csv = read(".csv");
    assert_eq!(csv.lines().next(), Some("check_name,severity,value,ok,details"));
    assert_eq!(csv.lines().filter(|line| line.contains(",CRITICAL,") && line.contains(",false,")).count(), critical);

    let junit = read(".junit.xml");
    assert_eq!(junit.matches("<testcase ").count(), findings.len());
    assert_eq!(junit.matches("<failure ").count(), critical);
    assert_eq!(junit.matches("<skipped ").count(), failed.len() - critical);
    for kind in ["regression", "upstream_anomaly", "drift"] {
        let of_kind = findings.iter().filter(|finding| finding["kind"] == kind).count();
        assert!(of_kind > 0 && junit.contains(&format!("<testsuite name=\"{kind}\" tests=\"{of_kind}\"")), "{kind}");
    }

    let page = read(".html");
    assert!(page.contains(&format!("must not be published: {critical} critical checks failed")), "the verdict");
    for check in &failed {
        assert!(page.contains(check.split(' ').next().unwrap()), "{check}");
    }
}

#[test]
fn a_failing_check_shows_at_most_twenty_keys() {
    let lake = TestLake::checked();
    rewrite(&lake, "release_videos_v1", "SELECT * REPLACE (-release_id AS release_id) FROM t");
    lake.sanity_check(&[]).expect_status(3);
    let findings = lake.findings(COPY, "sanity_");
    let orphans = findings.iter().find(|finding| finding["check_name"] == "release_videos_v1.orphan_release_ids");
    let orphans = orphans.unwrap();
    assert!(orphans["value"].as_u64().unwrap() > 20);
    assert_eq!(orphans["sample"].as_array().unwrap().len(), 20);
}

#[test]
fn any_run_can_be_reported_on_and_nothing_but_its_reports_changes() {
    let lake = TestLake::checked();
    let report_active = || lake.task("report-active");
    let result = report_active().run().expect_status(0).json();
    assert_eq!((&result["run_id"], &result["scope"]), (&GOOD.into(), &"active".into()));

    let result = report_active().args(&["--report-run-id", COPY]).run().expect_status(0).json();
    assert_eq!((&result["run_id"], &result["scope"]), (&COPY.into(), &"run".into()));
    assert!(lake.report(COPY, "duckdb_sanity_run_", ".html").exists());
    assert!(!lake.run(COPY).join("_manifest.json").exists());
}

#[test]
fn the_statement_that_people_paste_gives_the_five_columns_and_finds_damage() {
    let lake = TestLake::checked();
    rewrite(&lake, "warehouse_discogs/release_style_xref_v1", "SELECT * FROM t WHERE style <> 'House'");
    let sql = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sanity_report_active_v1.sql");
    let csv = lake.root().join("report.csv");
    for (run, failed) in [(GOOD, 0), (COPY, 1)] {
        lake.task("query")
            .args(&["--run-id", run, "--sql-file", sql, "--csv", csv.to_str().unwrap()])
            .run()
            .expect_status(0);
        let report = fs::read_to_string(&csv).unwrap();
        assert_eq!(report.lines().next(), Some("check_name,severity,value,ok,details"));
        let bad: Vec<_> = report.lines().filter(|line| line.contains(",false,")).collect();
        assert_eq!(bad.len(), failed, "{bad:?}");
    }
    let report = fs::read_to_string(&csv).unwrap();
    for name in NAMES_PEOPLE_KNOW {
        assert!(report.lines().any(|line| line.starts_with(&format!("{name},"))), "{name}");
    }
}

/// The checks of the pipelines before this one.
const NAMES_PEOPLE_KNOW: [&str; 18] = [
    "artists_v1.rows",
    "artists_v1.null_artist_id",
    "artist_aliases_v1.orphan_artist_id_rows",
    "labels_ref_v10.null_label_id",
    "masters_v1.null_master_id",
    "masters_v1.duplicate_master_ids",
    "releases_ref_v6.null_release_id",
    "releases_ref_v6.duplicate_release_ids",
    "artists_v1.empty_name",
    "artist_memberships_v1.orphan_member_ids",
    "artist_memberships_v1.orphan_group_ids",
    "masters_v1.orphan_main_release_id",
    "warehouse.artist_name_map_v1.orphan_artist_ids",
    "warehouse.release_artists_v1.orphan_release_ids",
    "warehouse.release_style_xref_v1.orphan_release_ids",
    "warehouse.release_genre_xref_v1.orphan_release_ids",
    "artist_aliases_v1.orphan_alias_rows",
    "labels_ref_v10.duplicate_label_id_groups",
];

/// The cells are a path in the dumps and the name of a file.
#[test]
fn cells_that_a_spreadsheet_would_run_are_neutralised_unless_raw_cells_are_asked_for() {
    for (raw, apostrophe) in [("false", "'"), ("true", "")] {
        let lake = TestLake::checked();
        super::good_lake::edit_json(&lake.run(COPY).join("labels_v10/_dataset.json"), |dataset| {
            dataset["counted"]["unknown_paths"] = serde_json::json!({"=1+1": 3});
        });
        lake.sanity_check(&["--raw", raw]);
        let paths = fs::read_to_string(lake.run(COPY).join("_reports/unknown_paths.csv")).unwrap();
        assert!(paths.lines().any(|line| line == format!("{apostrophe}=1+1,3")), "{paths}");

        fs::write(lake.run(GOOD).join("=2+2.csv"), "").unwrap();
        lake.task("report-active").args(&["--threads", "1", "--raw", raw]).run().expect_status(3);
        let report = fs::read_to_string(lake.report(GOOD, "duckdb_sanity_active_", ".csv")).unwrap();
        assert!(report.contains(&format!(",\"{apostrophe}=2+2.csv was added")), "{report}");
    }
}
