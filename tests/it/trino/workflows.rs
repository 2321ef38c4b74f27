use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, Rows, SqlFile};
use walkdir::WalkDir;

use super::stack::{LARGE, Stack, path};
use crate::lakehouse::digdag;
use crate::support::Month;

const RUN: &str = "2026-12__20261201_000000";

/// The name of a table, its folder and its view.
const HISTORY: [(&str, &str, &str); 2] = [
    ("run_registry_events", "registry/run_registry_events", "run_registry_latest"),
    ("kpi_snapshot_events", "kpi/kpi_snapshot_events", "kpi_snapshot_latest"),
];

/// A month from dumps to published, then its figures: `main.dig` with `register.dig` and `tests_trino_report_active.dig` in it, and
/// the history.
#[test]
fn the_workflows_with_a_trino_publish_a_month_and_keep_its_history() {
    let Some(stack) = Stack::new() else { return };
    fs::create_dir_all(stack.folder().join("_meta/discogs_history")).unwrap();
    stack.workflow("digdag", "main.dig", &publish()).expect_status(0);
    assert_eq!(stack.cell("SELECT count(*) FROM releases_ref_v6"), "60");
    assert_eq!(reports_of(&stack, RUN), [1, 1]);

    let run_schema = format!("{}_r_2026_12__20261201_000000", stack.schema());
    assert_eq!(stack.cell(&format!("SELECT count(*) FROM {run_schema}.releases_ref_v6")), "60");

    // What is published, the run and the history were registered with the month; it finds them right.
    let history =
        stack.workflow("digdag/history", "history_pipeline.dig", &["verbose=true".to_owned()]).expect_status(0);
    let all = 2 * stack.ask("SHOW TABLES").len() + HISTORY.len() * 2;
    history.expect_stderr(&format!(r#""replaced":0,"unchanged":{all}"#));
    the_history_is_in_trino_what_it_is_in_duckdb(&stack);
}

/// The parameters of a month that is published.
fn publish() -> [String; 5] {
    static MONTH: OnceLock<Month> = OnceLock::new();
    let month = MONTH.get_or_init(|| Month::generate("2026-12", &["--releases", "60"]));
    let raw_root = format!("raw_root={}", path(month.raw_root()));
    [&raw_root, "dump_month=2026-12", "run_mode=prod", "allow_promote=true", "environment=sample"].map(str::to_owned)
}

/// With engine=trino the report after the promotion reads tables that the promotion creates; the second report
/// would repeat it and is left out.
#[test]
fn a_first_month_is_built_checked_and_reported_by_trino_alone() {
    let Some(stack) = Stack::new() else { return };
    let parameters = [&publish()[..], &["engine=trino".to_owned()][..]].concat();
    stack.workflow("digdag", "main.dig", &parameters).expect_status(0);
    assert_eq!(reports_of(&stack, RUN), [0, 1]);
    assert_eq!(stack.cell("SELECT count(*) FROM releases_ref_v6"), "60");
}

/// `register.dig` and `tests_trino_report_active.dig` on their own, by run-workflow and by the real Digdag.
#[test]
fn the_steps_over_trino_can_be_run_alone() {
    let Some(stack) = Stack::with_runs() else { return };
    let project = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    assert!(Command::new("cp").arg("-R").args([from.as_path(), project.path()]).status().unwrap().success());
    let project = project.path().join("digdag");
    let run_workflow = PathBuf::from(crate::support::program("run-workflow"));
    for (index, program) in [Some(run_workflow), digdag()].into_iter().enumerate() {
        let Some(program) = program else {
            eprintln!("SKIPPED: there is no digdag; put it on PATH or name it in DIGDAG");
            continue;
        };
        let run = |workflow: &str, parameters: &[String]| {
            let parameters: Vec<_> = parameters.iter().map(String::as_str).collect();
            let mut finished = stack.workflow_by(&program, &project, workflow, &parameters);
            // What tasks say to people is on Digdag's stdout.
            finished.stderr.push_str(&finished.stdout);
            finished
        };
        let [sample, trino] = [vec!["environment=sample".to_owned()], stack.parameters().to_vec()];
        let found = reports_of(&stack, LARGE);
        assert_eq!(found, [index, index]);
        run("register.dig", &[]).expect_status(0).expect_stderr("skipped: no trino_url is given");
        run("register.dig", &trino).expect_status(0).expect_stderr("; Trino reads what was written");
        run("tests_trino_report_active.dig", &[&trino[..], &sample].concat()).expect_status(0);
        assert_eq!(reports_of(&stack, LARGE), [index, index + 1]);

        let without = run("tests_trino_report_active.dig", &sample).expect_status(0);
        without.expect_stderr("trino_url is missing, so DuckDB runs the SQL");
        assert_eq!(reports_of(&stack, LARGE), [index + 1, index + 1]);
    }

    // A whole month has at least 1000 artists. The task ends with 3, the workflow with 1.
    let month = ["environment=month".to_owned()];
    let failed = stack.workflow("digdag", "tests_trino_report_active.dig", &month).expect_status(1);
    failed.expect_stderr(&format!("--from-run-id {LARGE}")).expect_stderr("roll back with: rollback --lake");
}

/// The events came after the tables had been registered: nothing has to be refreshed.
fn the_history_is_in_trino_what_it_is_in_duckdb(stack: &Stack) {
    let parameters = EngineParameters::new("1GiB".parse().unwrap(), Some(1));
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

/// Replaces the `T` in times by a blank, as one of the engines writes them. They are in the first column.
fn without_t(mut rows: Rows) -> Rows {
    for time in rows.iter_mut().filter_map(|row| row[0].as_mut()) {
        *time = time.replacen('T', " ", 1);
    }
    rows
}

/// The numbers of reports on the active run by DuckDB and by Trino.
fn reports_of(stack: &Stack, run: &str) -> [usize; 2] {
    let folder = stack.folder().join("_runs").join(run).join("_reports");
    let names = WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned());
    let names: Vec<_> = names.filter(|name| name.ends_with(".csv")).collect();
    ["duckdb", "trino"].map(|engine| {
        let start = format!("{engine}_sanity_active_");
        names.iter().filter(|name| name.starts_with(&start)).count()
    })
}
