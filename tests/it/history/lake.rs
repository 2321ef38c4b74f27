use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::support::{Dir, Finished, program};

/// The first month: 250 releases.
pub const OCTOBER: &str = "2026-10__20261020_000000";
/// The second: the same releases, some with another country, and 30 more.
pub const NOVEMBER: &str = "2026-11__20261120_000000";

/// Two sealed months, the second published. Made once; a test works on a copy.
static MONTHS: LazyLock<Dir> = LazyLock::new(|| {
    let dir = Dir::in_memory();
    dumps(&dir, "2026-10", "250");
    dumps(&dir, "2026-11", "280");
    let change = "for dump in raw/2026-11/*_releases.xml.gz; do
        gunzip -c \"$dump\" | sed 's#<country>US</country>#<country>Sealand</country>#' | gzip > changed
        mv changed \"$dump\"
    done; rm raw/2026-11/*CHECKSUM*";
    dir.command("sh").args(&["-c", change]).run().expect_status(0);
    sealed_run(&dir, "2026-10", OCTOBER);
    sealed_run(&dir, "2026-11", NOVEMBER);
    task(&dir, "promote", &["--run-id", NOVEMBER, "--run-mode", "prod", "--allow-promote=true"]).expect_status(0);
    dir
});

/// A lake of the two months, for this test alone.
pub fn two_months() -> Dir {
    let dir = Dir::in_memory();
    let from = MONTHS.path("");
    dir.command("cp").args(&["-a", from.join("lake").to_str().unwrap(), "lake"]).run().expect_status(0);
    dir.command("cp").args(&["-a", from.join("raw").to_str().unwrap(), "raw"]).run().expect_status(0);
    dir
}

fn dumps(dir: &Dir, month: &str, releases: &str) {
    let generate = program("generate-dumps");
    let arguments = ["--raw-root", "raw", "--dump-month", month, "--releases", releases];
    dir.command(generate).args(&arguments).run().expect_status(0);
}

/// A run of a month's dumps, built, checked and sealed.
pub fn sealed_run(dir: &Dir, month: &str, run_id: &str) {
    built_run(dir, month, run_id);
    task(dir, "sanity-check", &["--run-id", run_id, "--environment", "sample"]).expect_status(0);
}

/// Like `sealed_run`, but not checked.
pub fn built_run(dir: &Dir, month: &str, run_id: &str) {
    task(dir, "preflight", &["--dump-month", month, "--raw-root", "raw", "--run-id", run_id]).expect_status(0);
    for name in ["ingest-artists", "ingest-labels", "ingest-masters", "ingest-releases", "build-warehouse"] {
        task(dir, name, &["--run-id", run_id]).expect_status(0);
    }
}

/// A task on the lake.
pub fn task(dir: &Dir, name: &str, arguments: &[&str]) -> Finished {
    dir.command(program(name)).args(&["--lake", "lake"]).args(arguments).run()
}

/// The rows of a query over files of the test, as CSV without its header.
pub fn ask(dir: &Dir, sql: &str) -> Vec<String> {
    let csv = ["--csv", "answer.csv", "--allow-files=true"];
    task(dir, "query", &[&["--run-id", OCTOBER, "--sql", sql][..], &csv].concat()).expect_status(0);
    dir.read("answer.csv").lines().skip(1).map(str::to_owned).collect()
}

/// The files of a folder of the history, by name.
pub fn files(dir: &Dir, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path("lake/_meta/discogs_history").join(folder)).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub const REGISTRY: &str = "registry/run_registry_events";
pub const KPIS: &str = "kpi/kpi_snapshot_events";

/// The events of a table as SQL reads them: the files are all there is to know.
pub fn events(dir: &Dir, table: &str) -> String {
    format!("read_parquet('{}/*.parquet')", dir.path("lake/_meta/discogs_history").join(table).display())
}
