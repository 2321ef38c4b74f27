use std::fs;
use std::path::Path;

use super::good_lake::TestLake;
use crate::support::Dir;

const CONTRACT: &str = env!("CARGO_BIN_EXE_contract");

fn text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/contract.yml")).unwrap()
}

#[test]
fn it_is_printed_as_json() {
    let result = Dir::new().command(CONTRACT).run().expect_status(0).json();
    let tables = result["contract"]["tables"].as_array().unwrap();
    let releases = tables.iter().find(|table| table["name"] == "releases_v6").unwrap();
    assert_eq!(releases["columns"][0]["name"], "release_id");
    assert_eq!(releases["columns"][0]["type"], "BIGINT");
}

#[test]
fn a_mistake_is_told_with_its_line_and_column() {
    let dir = Dir::new();
    let text = text().replacen("to: labels_v10", "to: label_v10", 1);
    let line = text.lines().position(|line| line.contains("label_v10,")).unwrap();
    let column = text.lines().nth(line).unwrap().find("label_v10,").unwrap();
    dir.create("mine.yml", &text);
    dir.command(CONTRACT).args(&["--contract-file", "mine.yml"]).run().expect_status(2).expect_stderr(&format!(
        "mine.yml:{}:{}: labels_v10.parent_label_id refers to label_v10",
        line + 1,
        column + 1
    ));
}

#[test]
fn one_that_breaks_what_is_published_is_refused_and_one_that_adds_is_not() {
    let lake = TestLake::new();
    let contract = |text: &str| {
        let file = lake.root().join("mine.yml");
        fs::write(&file, text).unwrap();
        lake.task(CONTRACT).args(&["--contract-file", file.to_str().unwrap()]).run()
    };
    let retyped = text().replacen("name: year, type: BIGINT", "name: year, type: INTEGER", 1);
    let finished = contract(&retyped).expect_status(3).expect_stderr("CRITICAL masters_v1.schema");
    assert_eq!(finished.json()["changes"][0]["sample"][0], "~ year BIGINT -> INTEGER");

    let notes =
        "      - {id: 10, name: notes, type: VARCHAR, dictionary: false, description: \"Notes on the master.\"}";
    let added = format!("{notes}\n      - {{id: 11, name: mood, type: VARCHAR, description: \"How it feels.\"}}");
    let result = contract(&text().replacen(notes, &added, 1)).expect_status(0).json();
    assert_eq!(result["changes"][0]["sample"][0], "+ mood VARCHAR");

    // Nobody's SQL is promised anything about this one.
    let catno = "name: catno, type: VARCHAR, dictionary: false, description: \"The number within the series.\"}";
    let retyped = text().replacen(catno, &catno.replace("VARCHAR", "BIGINT"), 1);
    let finished = contract(&retyped).expect_status(0).expect_stderr("WARN release_series_v1.schema");
    assert_eq!(finished.json()["changes"][0]["sample"][0], "~ catno VARCHAR -> BIGINT");
}
