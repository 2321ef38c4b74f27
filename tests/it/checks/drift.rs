use serde_json::json;

use super::damage::rewrite;
use super::good_lake::{COPY, GOOD, edit_json};
use crate::support::TestLake;

#[test]
fn a_table_that_lost_rows_stops_the_run_until_somebody_accepts_it() {
    let lake = TestLake::checked();
    // Whole videos of whole releases: nothing in the run itself says that there were more.
    rewrite(&lake, "release_videos_v1", "SELECT * FROM t WHERE release_id % 20 <> 0");
    let failed = lake.sanity_check(&[]).expect_status(3).expect_stderr("release_videos_v1.drift_rows");
    failed
        .expect_stderr("if upstream really changed, run sanity-check again with --accept-drift=true")
        .expect_stderr(".html;");
    assert!(lake.failed().iter().all(|check| check.contains(".drift_")), "{:?}", lake.failed());

    lake.sanity_check(&["--accept-drift", "true"]).expect_status(0).expect_stderr("WARN release_videos_v1.drift_rows");
    assert!(lake.failed().contains(&"release_videos_v1.drift_rows WARN".to_owned()), "{:?}", lake.failed());
}

#[test]
fn fewer_keys_stop_a_run_unless_another_column_was_counted() {
    let lake = TestLake::checked();
    let profile = lake.run(GOOD).join("_reports/profile.json");
    edit_json(&profile, |profile| {
        let keys = &mut profile["tables"]["release_artists_v1"]["keys"];
        *keys = json!(keys.as_u64().unwrap() * 2);
    });
    lake.sanity_check(&[]).expect_status(3).expect_stderr("release_artists_v1.drift_keys");

    edit_json(&profile, |profile| profile["tables"]["release_artists_v1"]["keys_of"] = json!("release_id"));
    lake.sanity_check(&[]).expect_status(0);
    assert!(lake.failed().is_empty(), "{:?}", lake.failed());
}

#[test]
fn how_much_drift_stops_a_run_is_the_environments_to_say() {
    let lake = TestLake::checked();
    rewrite(&lake, "release_videos_v1", "SELECT * FROM t WHERE release_id % 20 <> 0");
    lake.sanity_check(&["--environment", "sample"]).expect_status(0);
    assert!(lake.failed().contains(&"release_videos_v1.drift_rows WARN".to_owned()), "{:?}", lake.failed());
}

#[test]
fn a_run_of_an_earlier_month_is_compared_with_the_published_one_too() {
    let lake = TestLake::checked();
    edit_json(&lake.run(COPY).join("_run.json"), |run| run["dump_date"] = json!("20200101"));
    rewrite(&lake, "release_videos_v1", "SELECT * FROM t WHERE release_id % 20 <> 0");
    lake.sanity_check(&[]).expect_status(3).expect_stderr("release_videos_v1.drift_rows");
}

#[test]
fn a_column_of_a_published_table_that_went_or_changed_is_shown_as_a_diff() {
    let lake = TestLake::checked();
    // What was published had a column that this one lacks, another type, and nothing of a third.
    edit_json(&lake.run(GOOD).join("_reports/profile.json"), |profile| {
        let columns = profile["tables"]["masters_v1_typed"]["columns"].as_array_mut().unwrap();
        columns.retain(|column| column["name"] != "notes");
        columns[3]["type"] = json!("VARCHAR");
        columns.push(
            json!({"name": "images", "type": "VARCHAR", "nulls": 0, "empty_texts": 0, "replaced": 0, "mean": null}),
        );
    });
    lake.sanity_check(&[]).expect_status(3).expect_stderr("masters_v1.schema");
    let findings = lake.findings(COPY, "sanity_");
    let schema = findings.iter().find(|finding| finding["check_name"] == "masters_v1.schema").unwrap();
    assert_eq!(schema["sample"], json!(["~ year VARCHAR -> BIGINT", "- images VARCHAR", "+ notes VARCHAR"]));
}

#[test]
fn an_anomaly_without_a_name_is_a_warning() {
    let lake = TestLake::checked();
    edit_json(&lake.run(COPY).join("labels_v10/_dataset.json"), |dataset| {
        dataset["counted"]["anomalies"]["ghosts"] = json!(3);
    });
    lake.sanity_check(&[]).expect_status(0).expect_stderr("WARN ingest.ghosts");
}
