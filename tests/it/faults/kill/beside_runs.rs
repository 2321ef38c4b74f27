//! The tasks that begin a run, or keep something beside the runs: it is there once and whole, or not yet.

use std::fs;
use std::path::PathBuf;

use duckdb::Connection;

use super::{Trial, equal};
use crate::faults::lake::{RUNS, Stage, collection, raw_root};
use crate::faults::trace::available;
use crate::support::TestLake;

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

/// Kills a task at the calls by which it changes files.
fn kill(
    name: &str,
    stage: Stage,
    actives: &[Option<&str>],
    arguments: &[&str],
    done: impl Fn(&TestLake) -> Result<(), String> + Sync,
) {
    if available() {
        Trial { name, stage, arguments, actives, done: &done }.at_calls("KILL");
    }
}

/// On a lake with published runs, where `active` stays.
fn kill_published(name: &str, stage: Stage, arguments: &[&str], done: impl Fn(&TestLake) -> Result<(), String> + Sync) {
    kill(name, stage, &[Some(RUNS[2])], arguments, done);
}

#[test]
fn preflight() {
    const NEXT: &str = "2026-11__20261120_000009";
    let raw_root = raw_root().display().to_string();
    for (stage, active) in [(Stage::Nothing, None), (Stage::Published, Some(RUNS[2]))] {
        let arguments = ["--run-id", NEXT, "--dump-month", "2026-11", "--raw-root", &raw_root, "--min-free", "0"];
        kill("preflight", stage, &[None, active], &arguments, |lake| {
            let description = fs::read(lake.path(&format!("_runs/{NEXT}/_run.json"))).map_err(|e| e.to_string())?;
            let description: serde_json::Value = serde_json::from_slice(&description).map_err(|e| e.to_string())?;
            equal(description["dumps"].as_object().map(|dumps| dumps.len()), Some(4))
        });
    }
}

#[test]
fn samples_of_dumps() {
    let arguments = ["--run-id", RUNS[0], "--do-xml-tests", "true", "--xml-test-records", "3"];
    kill("sample-dumps", Stage::Begun, &[None], &arguments, |lake| {
        let trials = fs::read_dir(lake.path("_tmp_test").join(RUNS[0])).map_err(|error| error.to_string())?;
        let dumps = |folder: PathBuf| fs::read_dir(folder).map_or(0, Iterator::count);
        let whole = trials.filter(|trial| dumps(trial.as_ref().unwrap().path().join("raw")) == 4);
        equal(whole.count() >= 1, true)
    });
}

#[test]
fn collection_of_a_user() {
    let collection = collection().display().to_string();
    let arguments = ["--run-id", RUNS[0], "--collection", &collection];
    kill("ingest-collection", Stage::Begun, &[None], &arguments, |lake| {
        equal(lake.run_folder(0).join("collection/_dataset.json").is_file(), true)
    });
}

#[test]
fn registry() {
    kill_published("update-run-registry", Stage::Published, &[], |lake| {
        equal(kept(lake, "registry/run_registry_events", ".parquet").len(), 1)?;
        equal(events(lake, "registry/run_registry_events", "run_id"), (5, 5))
    });
}

#[test]
fn kpis() {
    kill_published("compute-kpis", Stage::Measured, &["--only-run-id", RUNS[2], "--threads", "1"], |lake| {
        equal(kept(lake, "kpi/kpi_snapshot_events", ".parquet").len(), 3)?;
        let (rows, kpis) = events(lake, "kpi/kpi_snapshot_events", "run_id || kpi_name");
        equal(rows % 3, 0)?;
        equal(rows, kpis)
    });
}

#[test]
fn export() {
    kill_published("export-history", Stage::Measured, &[], |lake| {
        let latest = ["long_latest.csv", "wide_latest.csv", "kpis.html"].map(|file| kept(lake, "reports", file).len());
        equal(latest, [1; 3])?;
        equal(lake.call("export-history", &[]).run().json()["status"].as_str(), Some("already_done"))
    });
}

#[test]
fn difference_of_two_runs() {
    let arguments = ["--from-run-id", RUNS[0], "--to-run-id", RUNS[1], "--threads", "1"];
    kill_published("diff-runs", Stage::Published, &arguments, |lake| {
        equal(kept(lake, "diffs", &format!("{}..{}", RUNS[0], RUNS[1])).len(), 1)?;
        equal(lake.call("diff-runs", &arguments).run().json()["status"].as_str(), Some("already_done"))
    });
}

#[test]
fn report() {
    kill_published("report-active", Stage::Published, &["--environment", "sample", "--threads", "1"], |lake| {
        let reports = fs::read_dir(lake.run_folder(2).join("_reports")).unwrap().map(|entry| entry.unwrap().path());
        let csv = reports.filter(|file| file.extension().is_some_and(|ending| ending == "csv"));
        let whole = |csv: PathBuf| ["json", "junit.xml", "html"].iter().all(|form| csv.with_extension(form).is_file());
        let ours = |csv: &PathBuf| csv.to_str().unwrap().contains("duckdb_sanity_active_");
        equal(csv.filter(ours).map(whole).collect::<Vec<_>>().first(), Some(&true))
    });
}

#[test]
fn seal_of_a_copied_run() {
    let seal = format!("_meta/seals/{}.sha256", RUNS[4]);
    kill_published("verify-run", Stage::Copied, &["--run-id", RUNS[4], "--accept-seal"], |lake| {
        equal(lake.path(&seal).is_file(), true)
    });
}

/// The links that a prune lets go; the runs that it removes are in `prune`.
#[test]
fn links_of_long_ago() {
    let links = |lake: &TestLake| {
        let names = fs::read_dir(lake.root()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("active__prev_")).count()
    };
    let arguments = ["--keep", "9", "--keep-previous", "1", "--dry-run=false"];
    kill_published("prune-runs", Stage::Published, &arguments, |lake| {
        equal(links(lake), 1)?;
        equal(lake.run_folder(0).is_dir(), true)
    });
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
        .at_calls("KILL");
}
