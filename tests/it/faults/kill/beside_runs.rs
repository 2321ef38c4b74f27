//! The tasks that begin a run, or keep something beside the runs: it is there once and whole, or not yet.

use std::fs;
use std::path::PathBuf;

use duckdb::Connection;

use super::{Trial, equal};
use crate::faults::lake::{RUNS, Stage, TestLake, collection, raw_root};
use crate::faults::trace::available;

/// The files of a folder of the history whose names end so.
fn kept(lake: &TestLake, folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(lake.path("_meta/discogs_history").join(folder)).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|file| file.to_str().unwrap().ends_with(ending)).collect()
}

/// How many events of a table there are, and of how many things they are: each once, and the two are the same.
fn events(lake: &TestLake, table: &str, thing: &str) -> (u64, u64) {
    let files = format!("{}/*.parquet", lake.path("_meta/discogs_history").join(table).display());
    let sql = format!("SELECT count(*), count(DISTINCT {thing}) FROM read_parquet('{files}')");
    let connection = Connection::open_in_memory().unwrap();
    connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn preflight() {
    if !available() {
        return;
    }
    const NEXT: &str = "2026-11__20261120_000009";
    let raw_root = raw_root().display().to_string();
    for (stage, active) in [(Stage::Nothing, None), (Stage::Published, Some(RUNS[2]))] {
        let arguments = ["--run-id", NEXT, "--dump-month", "2026-11", "--raw-root", &raw_root, "--min-free", "0"];
        let done = |lake: &TestLake| {
            let description = fs::read(lake.path(&format!("_runs/{NEXT}/_run.json"))).map_err(|e| e.to_string())?;
            let description: serde_json::Value = serde_json::from_slice(&description).map_err(|e| e.to_string())?;
            equal(description["dumps"].as_object().map(|dumps| dumps.len()), Some(4))
        };
        let trial = Trial { name: "preflight", stage, arguments: &arguments, actives: &[None, active], done: &done };
        trial.at_every_call("KILL");
    }
}

#[test]
fn collection_of_a_user() {
    if !available() {
        return;
    }
    let collection = collection().display().to_string();
    let arguments = ["--run-id", RUNS[0], "--collection", &collection];
    let done = |lake: &TestLake| equal(lake.run_folder(0).join("collection/_dataset.json").is_file(), true);
    Trial { name: "ingest-collection", stage: Stage::Begun, arguments: &arguments, actives: &[None], done: &done }
        .at_every_call("KILL");
}

#[test]
fn registry() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(kept(lake, "registry/run_registry_events", ".parquet").len(), 1)?;
        equal(events(lake, "registry/run_registry_events", "run_id"), (5, 5))
    };
    let actives = [Some(RUNS[2])];
    Trial { name: "update-run-registry", stage: Stage::Published, arguments: &[], actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn kpis() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(kept(lake, "kpi/kpi_snapshot_events", ".parquet").len(), 3)?;
        let (rows, kpis) = events(lake, "kpi/kpi_snapshot_events", "run_id || kpi_name");
        equal(rows % 3, 0)?;
        equal(rows, kpis)
    };
    let arguments = ["--only-run-id", RUNS[2], "--threads", "1"];
    let actives = [Some(RUNS[2])];
    Trial { name: "compute-kpis", stage: Stage::Measured, arguments: &arguments, actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn export() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        let latest = ["long_latest.csv", "wide_latest.csv", "kpis.html"].map(|file| kept(lake, "reports", file).len());
        equal(latest, [1; 3])?;
        equal(lake.task("export-history", &[]).run().json()["status"].as_str(), Some("already_done"))
    };
    let actives = [Some(RUNS[2])];
    Trial { name: "export-history", stage: Stage::Measured, arguments: &[], actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn difference_of_two_runs() {
    if !available() {
        return;
    }
    let arguments = ["--from-run-id", RUNS[0], "--to-run-id", RUNS[1], "--threads", "1"];
    let done = |lake: &TestLake| {
        equal(kept(lake, "diffs", &format!("{}..{}", RUNS[0], RUNS[1])).len(), 1)?;
        equal(lake.task("diff-runs", &arguments).run().json()["status"].as_str(), Some("already_done"))
    };
    let actives = [Some(RUNS[2])];
    Trial { name: "diff-runs", stage: Stage::Published, arguments: &arguments, actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn report() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        let reports = fs::read_dir(lake.run_folder(2).join("_reports")).unwrap().map(|entry| entry.unwrap().path());
        let csv = reports.filter(|file| file.extension().is_some_and(|ending| ending == "csv"));
        let whole = |csv: PathBuf| ["json", "junit.xml", "html"].iter().all(|form| csv.with_extension(form).is_file());
        let ours = |csv: &PathBuf| csv.to_str().unwrap().contains("duckdb_sanity_active_");
        equal(csv.filter(ours).map(whole).collect::<Vec<_>>().first(), Some(&true))
    };
    let arguments = ["--environment", "sample", "--threads", "1"];
    let actives = [Some(RUNS[2])];
    Trial { name: "report-active", stage: Stage::Published, arguments: &arguments, actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn seal_of_a_copied_run() {
    if !available() {
        return;
    }
    let seal = format!("_meta/seals/{}.sha256", RUNS[4]);
    let done = |lake: &TestLake| equal(lake.path(&seal).is_file(), true);
    let arguments = ["--run-id", RUNS[4], "--accept-seal"];
    let actives = [Some(RUNS[2])];
    Trial { name: "verify-run", stage: Stage::Copied, arguments: &arguments, actives: &actives, done: &done }
        .at_every_call("KILL");
}

/// The links that a prune lets go; the runs that it removes are in `prune`.
#[test]
fn links_of_long_ago() {
    if !available() {
        return;
    }
    let links = |lake: &TestLake| {
        let names = fs::read_dir(lake.root()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("active__prev_")).count()
    };
    let done = |lake: &TestLake| {
        equal(links(lake), 1)?;
        equal(lake.run_folder(0).is_dir(), true)
    };
    let arguments = ["--keep", "9", "--keep-previous", "1", "--dry-run=false"];
    let actives = [Some(RUNS[2])];
    Trial { name: "prune-runs", stage: Stage::Published, arguments: &arguments, actives: &actives, done: &done }
        .at_every_call("KILL");
}

#[test]
fn statements_for_trino() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        let script = std::fs::read_to_string(lake.path("_meta/bootstrap_discogs.sql")).map_err(|e| e.to_string())?;
        equal(script.matches("\nCREATE ").count() > 30 && script.ends_with(";\n"), true)
    };
    let actives = [Some(RUNS[2])];
    Trial { name: "register-tables", stage: Stage::Published, arguments: &[], actives: &actives, done: &done }
        .at_every_call("KILL");
}
