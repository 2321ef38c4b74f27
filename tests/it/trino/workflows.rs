use std::fs;
use std::path::Path;

use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, Rows, SqlFile};
use walkdir::WalkDir;

use super::stack::{Stack, path};
use crate::support::TestCommand;

const RUN: &str = "2026-12__20261201_000000";

/// Table, folder, view.
const HISTORY: [(&str, &str, &str); 2] = [
    ("run_registry_events", "registry/run_registry_events", "run_registry_latest"),
    ("kpi_snapshot_events", "kpi/kpi_snapshot_events", "kpi_snapshot_latest"),
];

/// A month goes all the way, then its figures: `main.dig` with `register.dig` and `tests_trino_report_active.dig` in it, and
/// the history.
#[test]
fn the_workflows_with_a_trino_publish_a_month_and_keep_its_history() {
    let Some(stack) = Stack::new() else { return };
    fs::create_dir_all(stack.folder().join("_meta/discogs_history")).unwrap();
    let raw = tempfile::tempdir().unwrap();
    let mut generate = TestCommand::new(Path::new(env!("CARGO_BIN_EXE_generate-dumps")), raw.path());
    generate.args(&["--raw-root", path(raw.path()), "--dump-month", "2026-12", "--releases", "60"]);
    generate.run().expect_status(0);

    let raw_root = format!("raw_root={}", path(raw.path()));
    let parameters = [&*raw_root, "dump_month=2026-12", "run_mode=prod", "allow_promote=true", "environment=sample"];
    stack.workflow("digdag", "main.dig", &parameters).expect_status(0);
    assert_eq!(stack.cell("SELECT count(*) FROM releases_ref_v6"), "60");
    let reports = stack.folder().join("_runs").join(RUN).join("_reports");
    assert_eq!(files(&reports, "trino_sanity_active_", ".csv"), 1);
    assert_eq!(files(&reports, "duckdb_sanity_active_", ".csv"), 1);

    let run_schema = format!("{}_r_2026_12__20261201_000000", stack.schema());
    assert_eq!(stack.cell(&format!("SELECT count(*) FROM {run_schema}.releases_ref_v6")), "60");

    // What is published, the run and the history were registered with the month; it finds them right.
    let history = stack.workflow("digdag/history", "history_pipeline.dig", &[]).expect_status(0);
    let all = 2 * stack.ask("SHOW TABLES").len() + HISTORY.len() * 2;
    history.expect_stderr(&format!("0 created, 0 altered, 0 replaced, {all} were right"));
    the_history_is_in_trino_what_it_is_in_duckdb(&stack);
}

/// The events came after the tables had been registered: nothing has to be refreshed.
fn the_history_is_in_trino_what_it_is_in_duckdb(stack: &Stack) {
    let parameters = EngineParameters { memory_limit: "1GiB".parse().unwrap(), threads: Some(1) };
    let duckdb = DuckDb::open(&parameters, &std::env::temp_dir()).unwrap();
    let trino = stack.session_in(&format!("{}_history", stack.schema()));
    for (table, folder, view) in HISTORY {
        let events = stack.lake().history().event_files(folder).unwrap();
        assert_ne!(events.len(), 0, "{table}");
        duckdb.mount(table, &events).unwrap();
        duckdb.view(&SqlFile::load(&format!("history/{view}")).unwrap()).unwrap();
        for name in [table, view] {
            let query = format!("SELECT * FROM {name} ORDER BY 1, 2, 3, 4, 5");
            let by_trino = without_t(trino.rows(&query, "a test").unwrap());
            assert_ne!(by_trino.len(), 0, "{name}");
            assert_eq!(by_trino, without_t(duckdb.rows(&query, "a test").unwrap()), "{name}");
        }
    }
}

/// Times as one of the engines writes them: a blank between day and hour. They are in the first column.
fn without_t(mut rows: Rows) -> Rows {
    for time in rows.iter_mut().filter_map(|row| row[0].as_mut()) {
        *time = time.replacen('T', " ", 1);
    }
    rows
}

fn files(folder: &Path, start: &str, end: &str) -> usize {
    let names = WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(start) && name.ends_with(end)).count()
}
