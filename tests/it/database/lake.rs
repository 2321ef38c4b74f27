//! A lake with the runs that are exported: two generated months and the real records.

use std::path::Path;
use std::sync::OnceLock;

use crate::support::{Dir, Month, RUN, TestCommand, TestLake, month, sample_dumps};

/// Runs of generated months. The second has other records.
pub const MONTHS: [&str; 2] = [RUN, "2026-12__20261220_000000"];

/// The runs of the real records; fewer if they are missing.
pub fn real_runs() -> &'static [String] {
    &shared().real
}

pub struct SharedLake {
    pub lake: TestLake,
    real: Vec<String>,
}

/// Returns the lake, made once and changed by no test.
pub fn shared() -> &'static SharedLake {
    static SHARED: OnceLock<SharedLake> = OnceLock::new();
    SHARED.get_or_init(|| {
        let lake = TestLake::of(Dir::shared());
        seal(&lake, MONTHS[0], month());
        seal(&lake, MONTHS[1], &Month::generate("2026-12", &["--releases", "260", "--seed", "9"]));
        let mut real = Vec::new();
        if let Some(dumps) = sample_dumps() {
            for month in ["2017-04", "2020-08", "2025-01"] {
                let run = format!("{month}__20261121_000000");
                seal(&lake, &run, &Month::at(&dumps, month));
                real.push(run);
            }
        }
        lake.promote(MONTHS[0]).expect_status(0);
        SharedLake { lake, real }
    })
}

pub fn seal(lake: &TestLake, run: &str, month: &Month) {
    lake.begin(run, month);
    lake.ingest(run);
    lake.task("build-warehouse").args(&["--run-id", run]).run().expect_status(0);
    lake.task("sanity-check").args(&["--run-id", run, "--environment", "sample"]).run().expect_status(0);
}

/// Returns `export-database` on the shared lake, with the password of the server.
pub fn export(arguments: &[&str]) -> TestCommand {
    let mut command = shared().lake.task("export-database");
    command.args(arguments).env("PGPASSWORD", crate::support::PASSWORD);
    command
}

/// Returns a connection to a DuckDB with a view over each table of a run, under the names that queries use.
pub fn parquet(run: &str) -> duckdb::Connection {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let folder = shared().lake.root().join("_runs").join(run);
    for table in &discogs_lakehouse::contract::Contract::load().unwrap().tables {
        let files = folder.join(table.folder());
        if files.is_dir() {
            let view = |name: &str, files: &Path| {
                let sql = format!("CREATE VIEW {name} AS FROM read_parquet('{}/*.parquet')", files.display());
                connection.execute_batch(&sql).unwrap();
            };
            view(table.sql_name(), &files);
            if table.name != table.sql_name() {
                view(&table.name, &files);
            }
        }
    }
    connection
}
