use std::fs;
use std::path::Path;

use super::damage::rewrite;
use super::good_lake::{COPY, edit_json};
use crate::support::{Dir, TestLake};

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
    let line = text.lines().position(|line| line.contains("to: label_v10")).unwrap();
    let column = text.lines().nth(line).unwrap().find("label_v10").unwrap();
    dir.create("mine.yml", &text);
    dir.command(CONTRACT).args(&["--contract-file", "mine.yml"]).run().expect_status(2).expect_stderr(&format!(
        "mine.yml:{}:{}: labels_v10.parent_label_id refers to label_v10",
        line + 1,
        column + 1
    ));
}

#[test]
fn one_that_breaks_what_is_published_is_refused_and_one_that_adds_is_not() {
    let lake = TestLake::checked();
    let contract = |text: &str| {
        let file = lake.root().join("mine.yml");
        fs::write(&file, text).unwrap();
        let root = lake.root();
        let arguments = ["--lake", root.to_str().unwrap(), "--contract-file", file.to_str().unwrap()];
        lake.call("contract", &arguments).run()
    };
    let year = "        name: year\n        type: BIGINT";
    let retyped = text().replacen(year, &year.replace("BIGINT", "INTEGER"), 1);
    let finished = contract(&retyped).expect_status(3).expect_stderr("CRITICAL masters_v1.schema");
    assert_eq!(finished.json()["changes"][0]["sample"][0], "~ year BIGINT -> INTEGER");

    let notes = "        description: Notes on the master.\n";
    let added = format!(
        "{notes}      - id: 11\n        name: mood\n        type: VARCHAR\n        description: How it feels.\n"
    );
    let result = contract(&text().replacen(notes, &added, 1)).expect_status(0).json();
    assert_eq!(result["changes"][0]["sample"][0], "+ mood VARCHAR");

    // Nobody's SQL is promised anything about this one.
    let contract_text = text();
    let series = contract_text.find("- name: release_series_v1").unwrap();
    let (before, behind) = contract_text.split_at(series);
    let catno = "name: catno\n        type: VARCHAR";
    assert!(behind.contains(catno));
    let retyped = format!("{before}{}", behind.replacen(catno, &catno.replace("VARCHAR", "BIGINT"), 1));
    let finished = contract(&retyped).expect_status(0).expect_stderr("WARN release_series_v1.schema");
    assert_eq!(finished.json()["changes"][0]["sample"][0], "~ catno VARCHAR -> BIGINT");
}

/// Severity, max_share and beyond of an expectation; the rows of a hundred that break it; the severity and `ok` that the
/// check must report. Every combination of which a contract may have.
#[rustfmt::skip]
const EXPECTATIONS: &[(&str, &str, &str, u32, &str, bool)] = &[
    ("critical", "",    "",         0,  "critical", true),
    ("critical", "",    "",         1,  "critical", false),
    ("warn",     "",    "",         1,  "warn",     false),
    ("info",     "",    "",         99, "info",     true),
    ("critical", "0.5", "",         40, "critical", true),
    ("critical", "0.5", "",         60, "critical", false),
    ("critical", "0.5", "critical", 60, "critical", false),
    ("warn",     "0.5", "",         40, "warn",     true),
    ("warn",     "0.5", "",         60, "warn",     false),
    ("warn",     "0.5", "warn",     60, "warn",     false),
    ("warn",     "0.5", "critical", 60, "critical", false),
    ("info",     "0.5", "",         40, "info",     true),
    ("info",     "0.5", "",         60, "warn",     false),
    ("info",     "0.5", "info",     60, "info",     false),
    ("info",     "0.5", "warn",     60, "warn",     false),
    ("info",     "0.5", "critical", 60, "critical", false),
    ("info",     "0",   "critical", 0,  "info",     true),
    ("info",     "0",   "critical", 1,  "critical", false),
];

/// A reason changes the text of a finding and nothing else.
#[test]
fn an_expectation_means_what_it_says_in_every_combination_with_and_without_a_reason() {
    let lake = TestLake::checked();
    // The hundred values are equally frequent.
    let table = "release_genres_v1";
    rewrite(&lake, table, "SELECT release_id, position, CAST(release_id % 100 AS VARCHAR) AS genre FROM t");
    // The number of records belongs to the table of releases, which this contract leaves out.
    edit_json(&lake.run(COPY).join(table).join("_dataset.json"), |dataset| {
        dataset["counted"].as_object_mut().unwrap().remove("records");
    });
    for why in ["", ", why: It is known."] {
        for (severity, max_share, beyond, broken, expected, ok) in EXPECTATIONS {
            let field = |name: &str, value: &str| match value {
                "" => String::new(),
                value => format!(", {name}: {value}"),
            };
            let expect =
                format!("{{severity: {severity}{}{}{why}}}", field("max_share", max_share), field("beyond", beyond));
            let accepted: Vec<_> = (*broken..100).map(|value| format!("'{value}'")).collect();
            let contract =
                one_rule(table, "genre", &format!("{{values: [{}], expect: {expect}}}", accepted.join(", ")));
            let file = lake.root().join("mine.yml");
            fs::write(&file, contract).unwrap();
            let finished = lake.sanity_check(&["--contract-file", file.to_str().unwrap()]);
            let findings = lake.findings(COPY, "sanity_");
            let finding = findings.iter().find(|one| one["check_name"] == "release_genres_v1.unknown_genre").unwrap();
            assert_eq!(
                (finding["severity"].as_str(), finding["ok"].as_bool()),
                (Some(*expected), Some(*ok)),
                "{expect}"
            );
            assert_eq!(finding["details"].as_str().unwrap().contains("It is known."), !why.is_empty(), "{expect}");
            let stops = expected == &"critical" && !ok;
            assert_eq!(finished.status, Some(if stops { 3 } else { 0 }), "{expect}: {}", finished.stderr);
            fs::remove_dir_all(lake.run(COPY).join("_reports")).unwrap();
        }
    }
    assert!(!lake.run(COPY).join("_manifest.json").exists(), "a trial contract sealed the run");
}

/// The contract with one table and one rule: the accepted values of a column.
fn one_rule(table: &str, column: &str, accepted: &str) -> String {
    format!(
        "version: 1\nenvironments:\n  month: {{complete: true, minimum_rows: 1, minimum_rows_of: {{}}}}\nanomalies: []\n\
         ignored_paths: []\ntables:\n  - name: {table}\n    producer: ingest-releases\n    row: A row.\n    example: SELECT 1\n    \
         row_group_rows: 1000\n    columns:\n      - {{id: 1, name: release_id, type: BIGINT, description: Id.}}\n      \
         - {{id: 2, name: position, type: INTEGER, description: Position.}}\n      \
         - {{id: 3, name: {column}, type: VARCHAR, accepted_values: {accepted}, description: Rule.}}\n"
    )
}

#[test]
fn a_contradiction_between_the_words_of_an_expectation_is_refused() {
    let dir = Dir::new();
    for (expect, says) in [
        ("{severity: info, beyond: critical}", "beyond needs a max_share"),
        ("{severity: critical, max_share: 0.1, beyond: info}", "less severe"),
        ("{severity: info, max_share: 1.5}", "max_share is a share"),
        ("{severity: grave}", "unknown variant `grave`"),
    ] {
        dir.create("mine.yml", &one_rule("release_genres_v1", "genre", &format!("{{values: [a], expect: {expect}}}")));
        let finished = dir.command(CONTRACT).args(&["--contract-file", "mine.yml"]).run();
        finished.expect_status(2).expect_stderr("mine.yml:").expect_stderr(says);
    }
}
