//! `main.dig` and `bronze.dig`, run as people run them, with the programs on PATH.

use std::path::Path;

use super::Bronze;
use crate::lakehouse::path_with_binaries;
use crate::support::{Dir, ENTITIES, Finished, Month, TestLake};

fn run(lake: &TestLake, workflow: &str, parameters: &[&str]) -> Finished {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    let arguments = ["--project", project.to_str().unwrap(), workflow, "--no-save", "--session", "2026-11-20 00:00:00"];
    let dir = Dir::new();
    let mut command = dir.run_workflow(&arguments);
    let lake = format!("lake={}", lake.root().display());
    for parameter in [&["environment=sample", "min_free=0", lake.as_str()][..], parameters].concat() {
        command.args(&["-p", parameter]);
    }
    command.env("PATH", path_with_binaries()).run()
}

#[test]
fn a_month_is_appended_beside_its_ingest_and_restored() {
    let lake = TestLake::new();
    let first = Month::generate("2026-11", &["--releases", "300"]);
    let next = Month::generate("2026-12", &["--releases", "310"]);
    for (month, bronze) in [(&first, "bronze=changes"), (&next, "bronze=changes"), (&next, "bronze=off")] {
        let (name, raw) = (format!("dump_month={}", month.name()), format!("raw_root={}", month.raw_root().display()));
        let run_id = format!("run_id={}", super::run_of(month.name()));
        let session = if bronze == "bronze=off" { "run_id=2026-12__20261221_000000" } else { run_id.as_str() };
        let finished = run(&lake, "main.dig", &[&name, &raw, session, bronze]).expect_status(0);
        if bronze == "bronze=off" {
            finished.expect_stderr("bronze is off");
        }
    }
    let bronze = Bronze { lake };
    for entity in ENTITIES {
        let sql = format!("SELECT dump_month, count(*) FROM bronze.{entity} GROUP BY ALL ORDER BY ALL");
        let rows = bronze.rows(&sql);
        assert_eq!(rows.len(), 2, "{rows:?}");
    }
    // The generator continues the smaller month, so few records differ.
    let few = bronze.rows("SELECT count(*) < 150 FROM bronze.releases WHERE dump_month = DATE '2026-12-01'");
    assert_eq!(few, ["true"]);
    bronze.restore("2026-12", "restored", &[]).expect_status(0);

    // By itself, for a run that is there.
    let run_id = format!("run_id={}", super::run_of("2026-11"));
    run(&bronze.lake, "bronze.dig", &[&run_id, "bronze=changes"]).expect_status(0).expect_stderr("already done");
}
