//! report-active on a sealed run: the environment it was sealed with, the bytes that were sealed, the verdict it keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use super::good_lake::{GOOD, edit_json};
use crate::support::{Finished, TestLake};

fn report_active(lake: &TestLake, more: &[&str]) -> Finished {
    lake.task("report-active").args(&["--threads", "1"]).args(more).run()
}

fn report(lake: &TestLake) -> Value {
    serde_json::from_slice(&fs::read(lake.report(GOOD, "duckdb_sanity_active_", ".json")).unwrap()).unwrap()
}

fn a_part_of(lake: &TestLake, table: &str) -> PathBuf {
    lake.run(GOOD).join(table).join(format!("part-{GOOD}-00000.parquet"))
}

/// Replaces a file that other lakes share.
fn replace(path: &std::path::Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_verdict_of_the_seal_is_reused_and_a_recheck_comes_to_the_same() {
    let lake = TestLake::checked();
    let result = report_active(&lake, &[]).expect_status(0).json();
    assert_eq!((&result["verdict"], &result["environment"]), (&"reused".into(), &"month".into()));
    let reused = report(&lake);
    assert_eq!(reused["verdict"]["reused"], true);
    let page = fs::read_to_string(lake.report(GOOD, "duckdb_sanity_active_", ".html")).unwrap();
    assert!(page.contains("Verdict: reused, checked at"));
    fs::remove_file(lake.report(GOOD, "duckdb_sanity_active_", ".json")).unwrap();

    let result = report_active(&lake, &["--recheck", "true"]).expect_status(0).json();
    assert_eq!(result["verdict"], "checked");
    let checked = report(&lake);
    assert_eq!(checked["verdict"]["reused"], false);
    assert_eq!(checked["findings"], reused["findings"]);
    assert_eq!(checked["figures"], reused["figures"]);
}

#[test]
fn a_verdict_for_another_environment_or_an_edited_one_is_not_reused() {
    let lake = TestLake::checked();
    let result = report_active(&lake, &["--environment", "sample"]).expect_status(0).json();
    assert_eq!(result["verdict"], "checked");
    edit_json(&lake.run(GOOD).join("_reports/verdict.json"), |verdict| verdict["findings"] = serde_json::json!([]));
    let result = report_active(&lake, &[]).expect_status(0).json();
    assert_eq!(result["verdict"], "checked");
    assert!(report(&lake)["findings"].as_array().unwrap().len() > 100);
}

#[test]
fn a_changed_byte_an_added_file_and_an_edited_manifest_fail_the_report_and_are_named() {
    type Change = fn(&TestLake);
    let flip: Change = |lake| {
        let part = a_part_of(lake, "labels_v10");
        let mut bytes = fs::read(&part).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        replace(&part, &bytes);
    };
    let add: Change = |lake| {
        let part = a_part_of(lake, "labels_v10");
        fs::copy(&part, part.with_file_name(format!("part-{GOOD}-00001.parquet"))).unwrap();
    };
    let edit: Change = |lake| {
        let manifest = lake.run(GOOD).join("_manifest.json");
        edit_json(&manifest, |manifest| manifest["files"][0]["bytes"] = 1.into());
        fs::set_permissions(&manifest, fs::Permissions::from_mode(0o444)).unwrap();
    };
    let changes = [
        (flip, "labels_v10/part-2026-11__20261101_000000-00000.parquet was changed"),
        (add, "labels_v10/part-2026-11__20261101_000000-00001.parquet was added"),
        (edit, "its manifest was edited"),
    ];
    for (change, named) in changes {
        let lake = TestLake::checked();
        change(&lake);
        report_active(&lake, &[]).expect_status(3).expect_stderr("run.as_sealed");
        let findings = report(&lake)["findings"].as_array().unwrap().clone();
        assert_eq!((findings.len(), &findings[0]["check_name"]), (1, &"run.as_sealed".into()));
        assert!(findings[0]["details"].as_str().unwrap().contains(named), "{named}: {findings:?}");
    }
}
