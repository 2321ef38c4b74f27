use std::fs;

use super::lake::{KPIS, NOVEMBER, OCTOBER, REGISTRY, ask, events, files, task, two_months};
use crate::support::{Dir, seen_by_a_browser, shown_whole};

/// The names that people's reports have, as the pipelines before this one gave them.
const KEPT: [&str; 35] = [
    "n_releases_distinct",
    "rows_releases_ref_v6",
    "n_artists_distinct",
    "rows_artists_v1_typed",
    "n_labels_distinct",
    "rows_labels_ref_v10",
    "n_masters_distinct",
    "rows_masters_v1_typed",
    "rows_release_artists_v1",
    "rows_release_label_xref_v1",
    "n_release_artist_links",
    "n_releases_with_artist_link",
    "n_release_label_links",
    "n_releases_with_label_link",
    "n_label_norm_distinct",
    "n_release_style_links",
    "n_releases_with_style",
    "n_style_norm_distinct",
    "n_release_genre_links",
    "n_releases_with_genre",
    "n_genre_norm_distinct",
    "n_labels_in_counts_table",
    "label_counts_total_releases",
    "top_label_releases",
    "top10_labels_releases",
    "avg_artists_per_release_bp",
    "pct_releases_with_artist_link_bp",
    "avg_labels_per_release_bp",
    "pct_releases_with_label_link_bp",
    "avg_styles_per_release_bp",
    "pct_releases_with_style_bp",
    "avg_genres_per_release_bp",
    "pct_releases_with_genre_bp",
    "top_label_share_bp",
    "top10_labels_share_bp",
];

fn registered() -> Dir {
    let dir = two_months();
    task(&dir, "update-run-registry", &[]).expect_status(0);
    dir
}

fn value(dir: &Dir, run: &str, kpi: &str) -> i64 {
    let events = events(dir, KPIS);
    let sql = format!("SELECT kpi_value FROM {events} WHERE run_id = '{run}' AND kpi_name = '{kpi}' AND status = 'ok'");
    ask(dir, &sql)[0].parse().unwrap()
}

#[test]
fn each_run_gets_every_kpi_once() {
    let dir = registered();
    let finished = task(&dir, "compute-kpis", &[]).expect_status(0).json();
    assert_eq!((&finished["metrics"]["runs"], &finished["metrics"]["kpis_failed"]), (&2.into(), &0.into()));
    let names = ask(&dir, &format!("SELECT kpi_name FROM {} WHERE run_id = '{OCTOBER}'", events(&dir, KPIS)));
    assert!(KEPT.iter().all(|kept| names.iter().any(|name| name == kept)), "{names:?}");
    assert!(names.len() >= KEPT.len() + 10, "{names:?}");
    assert_eq!(files(&dir, KPIS).len(), 2);

    assert_eq!(value(&dir, OCTOBER, "n_releases_distinct"), 250);
    assert_eq!(value(&dir, NOVEMBER, "rows_releases_ref_v6"), 280);
    let links = value(&dir, OCTOBER, "n_release_artist_links");
    assert_eq!(value(&dir, OCTOBER, "avg_artists_per_release_bp"), links * 10000 / 250);
    let share =
        value(&dir, NOVEMBER, "top_label_releases") * 10000 / value(&dir, NOVEMBER, "label_counts_total_releases");
    assert_eq!(value(&dir, NOVEMBER, "top_label_share_bp"), share);

    let again = task(&dir, "compute-kpis", &[]).expect_status(0).json();
    assert_eq!(again["status"], "already_done");
    assert_eq!(task(&dir, "compute-kpis", &["--recompute"]).expect_status(0).json()["status"], "already_done");
    assert_eq!(files(&dir, KPIS).len(), 2);
}

#[test]
fn a_run_that_is_not_registered_has_no_figures() {
    let dir = two_months();
    assert_eq!(task(&dir, "compute-kpis", &[]).expect_status(0).json()["status"], "already_done");
    task(&dir, "compute-kpis", &["--only-run-id", OCTOBER]).expect_status(2).expect_stderr("update-run-registry");
}

#[test]
fn a_failed_kpi_is_recorded_and_stops_the_others_only_when_strict() {
    let dir = registered();
    dir.create("own/n_broken.sql", "SELECT count(*) AS kpi_value FROM no_such_table");
    let arguments = ["--kpi-folder", "own", "--only-run-id", OCTOBER];
    let strict = [&arguments[..], &["--strict"]].concat();
    task(&dir, "compute-kpis", &strict).expect_status(3).expect_stderr("n_broken");
    let finished = task(&dir, "compute-kpis", &arguments).expect_status(0).json();
    assert_eq!(finished["metrics"]["kpis_failed"], 0, "the same failure is recorded once");
    let events = events(&dir, KPIS);
    let failed = ask(
        &dir,
        &format!(
            "SELECT status, kpi_value IS NULL, details LIKE '%no_such_table%' FROM {events} WHERE kpi_name = 'n_broken'"
        ),
    );
    assert_eq!(failed, ["failed,true,true"]);
    assert!(value(&dir, OCTOBER, "pct_releases_with_genre_bp") > 0);
    assert_eq!(task(&dir, "compute-kpis", &arguments).expect_status(0).json()["status"], "already_done");

    // In the reports it is told, and is no number.
    task(&dir, "export-history", &["--with-timestamp=false"]).expect_status(0);
    let reports = "lake/_meta/discogs_history/reports";
    assert!(dir.read(&format!("{reports}/history_kpis_long_latest.csv")).contains(",n_broken,,failed,"));
    let wide = dir.read(&format!("{reports}/history_kpis_wide_latest.csv"));
    let mut lines = wide.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    assert_eq!(header[..3], ["run_id", "schema_name", "event_ts_utc"]);
    let row = lines.next().unwrap();
    assert_eq!(row[header.iter().position(|name| *name == "n_broken").unwrap()], "");
    assert_eq!(row[header.iter().position(|name| *name == "n_releases_distinct").unwrap()], "250");
}

/// What is computed last counts, though the clock went back since the time before.
#[test]
fn a_value_that_is_recovered_counts_whatever_the_clock_says() {
    let dir = registered();
    task(&dir, "compute-kpis", &["--only-run-id", OCTOBER]).expect_status(0);
    let file = files(&dir, KPIS).remove(0);
    let path = file.to_str().unwrap();
    let failed = "SELECT * REPLACE (event_ts_utc + INTERVAL 10 YEAR AS event_ts_utc, CAST(NULL AS BIGINT) AS kpi_value,
                  'failed' AS status, 'no room' AS details) FROM";
    let damage = format!("COPY ({failed} read_parquet('{path}')) TO '{path}.new' (FORMAT parquet)");
    duckdb::Connection::open_in_memory().unwrap().execute_batch(&damage).unwrap();
    fs::rename(format!("{path}.new"), &file).unwrap();

    task(&dir, "compute-kpis", &["--only-run-id", OCTOBER]).expect_status(0).expect_result("done");
    task(&dir, "compute-kpis", &["--only-run-id", OCTOBER]).expect_status(0).expect_result("already_done");
    task(&dir, "export-history", &["--with-timestamp=false"]).expect_status(0);
    let long = dir.read("lake/_meta/discogs_history/reports/history_kpis_long_latest.csv");
    assert!(!long.contains(",failed,") && long.contains(",n_releases_distinct,250,ok,"), "{long}");
}

#[test]
fn the_export_is_written_when_something_is_new() {
    let dir = registered();
    task(&dir, "export-history", &[]).expect_status(5).expect_stderr("compute-kpis");
    task(&dir, "compute-kpis", &[]).expect_status(0);
    task(&dir, "export-history", &[]).expect_status(0);
    let names: Vec<_> =
        files(&dir, "reports").iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("history_kpis_long_latest_20") && name.ends_with(".csv")));
    assert_eq!(task(&dir, "export-history", &[]).expect_status(0).json()["status"], "already_done");
    assert_eq!(files(&dir, "reports").len(), 5);

    let page = fs::read_to_string(
        files(&dir, "reports").into_iter().find(|file| file.ends_with("history_kpis.html")).unwrap(),
    )
    .unwrap();
    assert!(page.contains("2026-10: 250") && page.contains("2026-11: 280"), "a point for each month");
    assert!(!page.contains("http"), "nothing from elsewhere");
    if let Some(seen) = seen_by_a_browser(&page) {
        assert_eq!(seen, shown_whole(page.matches("<svg").count()));
    }
}

/// A run that was pruned since the registry was updated, and a damaged file of events.
#[test]
fn a_pruned_run_and_an_unreadable_file_of_events_are_named_and_the_others_go_on() {
    let dir = registered();
    fs::remove_dir_all(dir.path(&format!("lake/_runs/{OCTOBER}"))).unwrap();
    let events = files(&dir, REGISTRY);
    let damaged = events[0].parent().unwrap().join("damaged.parquet");
    fs::write(&damaged, "PAR1 and nothing else").unwrap();
    let finished = task(&dir, "compute-kpis", &[]).expect_status(0);
    let finished = finished.expect_stderr("skipped, the run is no longer in the lake").expect_stderr("damaged.parquet");
    assert!(finished.stderr.contains("is left aside"), "{}", finished.stderr);
    assert_eq!(finished.json()["metrics"]["runs_gone"], 1);
    assert!(finished.json()["metrics"]["kpis"].as_u64().unwrap() > 20);
}
