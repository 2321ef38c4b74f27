//! What `query` shows: every type, in every format, where the user wants it, and nothing that a terminal acts on.

use std::fs;
use std::io::Read;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Finished, TestLake, sealed_lake, signal};

fn published() -> TestLake {
    let (lake, runs) = sealed_lake();
    lake.promote(runs[0]).expect_status(0);
    lake
}

fn query(lake: &TestLake, arguments: &[&str]) -> Finished {
    lake.task("query").args(arguments).run()
}

/// Runs the query with stdout and stderr on one terminal and returns what the terminal received.
fn on_a_terminal(lake: &TestLake, arguments: &str) -> String {
    let command = format!("{} {arguments}", crate::support::binary("query").display());
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("DISCOGS_DATA_LAKE", lake.root()).env("TERM", "xterm");
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

/// The values as DuckDB's own command line shows them.
#[test]
fn every_type_is_shown_as_duckdb_writes_it() {
    let lake = published();
    let duckdb = duckdb::Connection::open_in_memory().unwrap();
    let mut statement =
        duckdb.prepare("SELECT column_name, column_type FROM (DESCRIBE FROM test_all_types())").unwrap();
    let described = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = described.map(Result::unwrap).collect();
    assert!(columns.len() > 50, "{columns:?}");
    let mut statement = duckdb.prepare("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM test_all_types()").unwrap();
    let cells = statement.query_map([], |row| (0..columns.len()).map(|index| row.get(index)).collect()).unwrap();
    let expected: Vec<Vec<Option<String>>> = cells.map(Result::unwrap).collect();

    let finished = query(&lake, &["--sql", "FROM test_all_types()", "--format", "csv"]).expect_status(0);
    let mut csv = csv::Reader::from_reader(finished.stdout.as_bytes());
    let header: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header, columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let found: Vec<Vec<String>> = csv.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(found.len(), 3);
    for (index, (name, kind)) in columns.iter().enumerate() {
        for (row, found) in found.iter().enumerate() {
            assert_eq!(found[index], expected[row][index].clone().unwrap_or_default(), "{name} {kind}, row {row}");
        }
    }
    for (sql, text) in [
        ("TIMESTAMPTZ '2026-11-20 10:30:00+02'", "2026-11-20 08:30:00+00"),
        ("TIMETZ '10:30:00+02'", "10:30:00+02"),
        ("170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"),
        ("340282366920938463463374607431768211455::UHUGEINT", "340282366920938463463374607431768211455"),
        ("DATE '290000-01-01'", "290000-01-01"),
        ("'infinity'::TIMESTAMP", "infinity"),
        ("'101'::BIT", "101"),
        ("INTERVAL '1 month 2 days'", "1 month 2 days"),
        ("[1, NULL]", "[1, NULL]"),
        ("'\\x00\\xFF'::BLOB", "\\x00\\xFF"),
    ] {
        let finished = query(&lake, &["--format", "csv", "--sql", &format!("SELECT {sql} AS x")]).expect_status(0);
        let shown = finished.stdout.trim_end().strip_prefix("x\n").unwrap().trim_matches('"').to_owned();
        assert_eq!(shown, text, "{sql}");
    }
    query(&lake, &["--sql", "SELECT now() AS now"]).expect_status(0).expect_stderr("+00");
    for format in ["table", "json", "markdown"] {
        let finished = query(&lake, &["--sql", "FROM test_all_types()", "--format", format]).expect_status(0);
        assert!(finished.stdout.contains("340282366920938463463374607431768211455"), "{format}: {}", finished.stdout);
        assert!(!finished.stdout.contains("ERROR"), "{format}: {}", finished.stdout);
    }
}

#[test]
fn each_format_has_stdout_for_itself() {
    let lake = published();
    let sql = "SELECT i AS n, CASE WHEN i = 2 THEN NULL ELSE 'a|b ' || i END AS text FROM range(1, 3) AS t(i)";
    let stdout = |format| query(&lake, &["--sql", sql, "--format", format]).expect_status(0).stdout;
    assert_eq!(stdout("csv"), "n,text\n1,a|b 1\n2,\n");
    assert_eq!(stdout("markdown"), "| n | text |\n| --- | --- |\n| 1 | a\\|b 1 |\n| 2 |  |\n");
    assert_eq!(stdout("json"), "[\n{\"n\":1,\"text\":\"a|b 1\"},\n{\"n\":2,\"text\":null}\n]\n");
    let table = stdout("table");
    assert!(table.starts_with('┌') && table.contains("a|b 1") && table.contains("NULL"), "{table}");

    let odd = query(&lake, &["--sql", "SELECT 'nan'::DOUBLE AS d, 'NaN' AS t", "--format", "json"]).expect_status(0);
    assert_eq!(odd.stdout, "[\n{\"d\":null,\"t\":\"NaN\"}\n]\n");
    let none = "SELECT 1 AS n WHERE false";
    assert_eq!(query(&lake, &["--sql", none, "--format", "json"]).expect_status(0).stdout, "[]\n");
    assert_eq!(query(&lake, &["--sql", none, "--format", "csv"]).expect_status(0).stdout, "n\n");
    // A file without rows has its columns.
    for (format, start) in [("parquet", "PAR1"), ("arrow", "")] {
        let empty = query(&lake, &["--sql", none, "--format", format]).expect_status(0).stdout;
        assert!(empty.starts_with(start) && empty.contains('n'), "{format}");
    }
    assert_eq!(stdout("ndjson"), "{\"n\":1,\"text\":\"a|b 1\"}\n{\"n\":2,\"text\":null}\n");
    assert_eq!(query(&lake, &["--sql", "SELECT 1 AS n", "--csv", "-"]).expect_status(0).stdout, "n\n1\n");
    // Without a format a program gets the result line, and people the table.
    let finished = query(&lake, &["--sql", sql]).expect_status(0).expect_stderr("a|b 1");
    assert_eq!(finished.json()["metrics"]["rows"], 2);
    assert_eq!(finished.stdout.lines().count(), 1);
}

#[test]
fn parquet_holds_the_rows_or_says_which_column_it_cannot_hold() {
    let lake = published();
    let path = lake.root().with_file_name("rows.parquet");
    let stdout = fs::File::create(&path).unwrap();
    let sql = "SELECT i, i::VARCHAR AS text, [i] AS list, TIMESTAMPTZ '2026-01-01' AS at FROM range(5000) AS t(i)";
    let mut command = lake.task("query");
    assert_eq!(command.args(&["--format", "parquet", "--sql", sql]).stdout(stdout).status(), Some(0));
    let duckdb = duckdb::Connection::open_in_memory().unwrap();
    let sums = format!("SELECT sum(i)::BIGINT, count(DISTINCT text) FROM '{}'", path.display());
    let found: (i64, i64) = duckdb.query_row(&sums, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(found, (12_497_500, 5000));
    for kind in ["UHUGEINT", "TIMETZ", "INTERVAL", "BIT"] {
        let sql = format!("SELECT 1 AS n, NULL::{kind} AS odd");
        let finished = query(&lake, &["--format", "parquet", "--sql", &sql]).expect_status(2);
        finished.expect_one_line(&["column odd is of type", "CAST it AS VARCHAR"]);
    }
}

#[test]
fn a_terminal_shows_the_table_and_no_result_line() {
    let lake = published();
    let shown = on_a_terminal(&lake, "--sql 'SELECT 41 + 1 AS answer'");
    assert!(shown.contains("answer") && shown.contains("42") && !shown.contains("\"task\""), "{shown}");
}

#[test]
fn what_a_terminal_acts_on_never_reaches_it() {
    let lake = published();
    // ESC, BEL, a C1 control, a right-to-left override, a new line.
    let sql = "SELECT chr(27) || '[31m' || chr(7) || chr(155) || chr(8238) || 'x' || chr(10) AS \"na\u{202e}me\"";
    let active =
        |text: &str| text.chars().find(|c| *c != '\n' && (c.is_control() || ('\u{2028}'..='\u{202e}').contains(c)));
    let stderr = query(&lake, &["--sql", sql]).expect_status(0).stderr;
    assert!(active(&stderr).is_none() && stderr.contains("\\u{1b}[31m\\u{7}\\u{9b}\\u{202e}x\\n"), "{stderr:?}");
    for format in ["table", "json", "markdown"] {
        let stdout = query(&lake, &["--sql", sql, "--format", format]).expect_status(0).stdout;
        assert!(active(&stdout).is_none(), "{format}: {stdout:?}");
    }
    let json = query(&lake, &["--sql", sql, "--format", "json"]).stdout;
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed[0]["na\u{202e}me"], "\u{1b}[31m\u{7}\u{9b}\u{202e}x\n");
    // A file gets the data as it is, a terminal does not.
    let csv = query(&lake, &["--sql", sql, "--csv", "-"]).expect_status(0).stdout;
    assert!(csv.contains("\u{1b}[31m"), "{csv:?}");
    lake.write("evil.sql", sql);
    let file = lake.root().with_file_name("evil.sql");
    let terminal = on_a_terminal(&lake, &format!("--format csv --sql-file {}", file.display()));
    assert!(active(&terminal).is_none() && terminal.contains("\\u{1b}[31m"), "{terminal:?}");
    // Errors and names of files.
    for arguments in [["--sql", "SELECT '\u{1b}[31m\u{202e}"], ["--sql-file", "no\u{1b}[31m\u{202e}such.sql"]] {
        let finished = query(&lake, &arguments);
        assert_ne!(finished.status, Some(0));
        assert!(active(&finished.stderr).is_none(), "{:?}", finished.stderr);
    }
}

#[test]
fn a_query_is_found_by_the_end_of_its_name() {
    let lake = published();
    let sql = |name| query(&lake, &["--name", name]);
    for name in ["country_top", "01_release_country_top", "30_releases/01_release_country_top", "country_top.sql"] {
        sql(name).expect_status(0).expect_stderr("┌");
    }
    sql("try_top").expect_status(2).expect_one_line(&["no showcase query \"try_top\"", "query --list"]);
    sql("top").expect_status(2).expect_one_line(&["is the end of", "country_top", "styles_top", "query --name "]);
    query(&lake, &[]).expect_status(2).expect_one_line(&["--sql", "--sql-file", "--name", "query --list"]);
}

#[test]
fn sql_that_begins_with_a_comment_is_sql() {
    let lake = published();
    let stdout = query(&lake, &["--sql", "-- one\nSELECT 1 AS n", "--format", "csv"]).expect_status(0).stdout;
    assert_eq!(stdout, "n\n1\n");
}

#[test]
fn a_reader_that_has_read_enough_is_no_error_and_a_full_disk_is_one() {
    let lake = published();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let many = ["--format", "csv", "--sql", "SELECT i FROM range(1000000) AS t(i)"];
    assert_eq!(lake.task("query").args(&many).stdout(writer).status(), Some(0));
    if Path::new("/dev/full").exists() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(lake.task("query").args(&many).stdout(full).status(), Some(1));
    }
}

#[test]
fn no_spreadsheet_runs_a_cell_of_a_csv_unless_raw_cells_are_asked_for() {
    let lake = published();
    let sql =
        "SELECT '=1+1' AS \"=a\", '+x' AS b, '-x' AS c, '@x' AS d, chr(9) || 'x' AS e, -1.5 AS f, -2 AS g, '-3' AS h";
    let plain = "'=a,b,c,d,e,f,g,h\n'=1+1,'+x,'-x,'@x,'\tx,-1.5,-2,-3\n";
    let raw = "=a,b,c,d,e,f,g,h\n=1+1,+x,-x,@x,\tx,-1.5,-2,-3\n";
    let file = lake.root().with_file_name("cells.csv");
    for (further, expected) in [(&[][..], plain), (&["--raw=true"], raw)] {
        let of = |arguments: &[&str]| {
            lake.task("query").args(&["--sql", sql]).args(arguments).args(further).run().expect_status(0)
        };
        assert_eq!(of(&["--format", "csv"]).stdout, expected);
        assert_eq!(of(&["--csv", "-"]).stdout, expected);
        of(&["--csv", file.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    }
    // Programs read the other formats.
    assert_eq!(query(&lake, &["--sql", "SELECT '=1' AS a", "--format", "json"]).stdout, "[\n{\"a\":\"=1\"}\n]\n");
}

/// Another program reads the rows, and would take the line for one of them.
#[test]
fn a_stopped_query_leaves_no_result_line_among_its_rows() {
    let lake = published();
    for format in ["csv", "json"] {
        let sql = "SELECT i FROM range(1000000000000) AS t(i)";
        let mut child = lake.task("query").args(&["--sql", sql, "--format", format]).spawn();
        let mut rows = [0; 10];
        child.stdout.as_mut().unwrap().read_exact(&mut rows).unwrap();
        signal(&child, Signal::TERM);
        let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(143);
        let finished = finished.expect_stderr("query: stopped by SIGTERM");
        assert!(!finished.stdout.contains("\"task\""), "{format}");
    }
}
