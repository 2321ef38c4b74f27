use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::stack::{LARGE, Stack, path};
use crate::support::TestCommand;

type Table = Vec<Vec<String>>;

/// The query files return the same rows in a client of Trino as in `query`.
#[test]
fn every_showcase_query_and_the_sanity_statement_give_in_trino_what_they_give_in_duckdb() {
    let Some(stack) = Stack::with_runs() else { return };
    stack.task(env!("CARGO_BIN_EXE_register-tables"), &[]).expect_status(0);
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let showcase = WalkDir::new(sql.join("showcase_queries")).sort_by_file_name();
    let showcase = showcase.into_iter().map(|entry| entry.unwrap().into_path());
    let mut files: Vec<_> = showcase.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect();
    assert!(files.len() > 15);
    files.push(sql.join("sanity_report_active_v1.sql"));
    for file in files {
        let (text, trino) = (fs::read_to_string(&file).unwrap(), stack.session());
        assert_eq!(trino.with_functions(&text), text, "{} calls what a client does not have", file.display());
        let (header, rows) = trino.table(&text, path(&file)).unwrap_or_else(|error| panic!("{error:#}"));
        let rows = rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect());
        let by_trino: Table = [header].into_iter().chain(rows).collect();
        assert!(by_trino.len() > 1, "{} gives no rows", file.display());
        assert_eq!(by_trino, by_duckdb(&stack, &file), "{}", file.display());
    }
}

fn by_duckdb(stack: &Stack, file: &Path) -> Table {
    let csv = stack.folder().join("rows.csv");
    let mut query = TestCommand::new(Path::new(env!("CARGO_BIN_EXE_query")), stack.folder());
    query.args(&["--lake", path(stack.folder()), "--run-id", LARGE, "--sql-file", path(file), "--csv", path(&csv)]);
    query.args(&["--raw=true"]).run().expect_status(0);
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(&csv).unwrap();
    rows.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}
