use std::path::Path;

use discogs_lakehouse::sql::TrinoParameters;

use super::Tables;
use crate::trino::stack::{LARGE, SMALL};

/// The gold tables are read by Trino with the sums that DuckDB gives.
#[test]
fn gold_tables_have_the_same_sums_in_trino() {
    let Some(tables) = Tables::new() else { return };
    let built = tables.task("build-gold", &["--memory-limit", "1GiB"]).expect_status(0).json();
    assert_eq!(built["metrics"]["tables"], 6, "{built}");
    let query = |sql: &str| {
        let finished = tables.task("query", &["--sql", sql, "--format", "csv"]).expect_status(0);
        finished.stdout.lines().nth(1).unwrap().to_owned()
    };
    for (table, sums) in [
        ("release_wide", "count(*), sum(release_id), sum(tracks), count(master_title), max(first_track), max(barcode)"),
        ("monthly_metrics", "count(*), sum(value), count(DISTINCT metric), max(dimension), max(dump_month)"),
        ("label_year", "count(*), sum(releases), sum(artists), sum(vinyl_releases), max(label)"),
        ("artist_activity", "count(*), sum(releases), sum(credited_releases), sum(active_years), max(artist)"),
        ("style_trend", "count(*), sum(releases), round(sum(share), 6), round(sum(share_change), 6)"),
        ("release_features", "count(*), sum(track_seconds), sum(notes_length), count_if(has_barcode), max(split)"),
    ] {
        let sql = format!("SELECT {sums} FROM gold.{table}");
        let of_trino: Vec<_> = tables.row(&sql).iter().map(|cell| number(cell)).collect();
        let of_duckdb = query(&sql);
        let of_duckdb: Vec<_> = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(of_duckdb.as_bytes())
            .records()
            .next()
            .unwrap()
            .unwrap()
            .iter()
            .map(number)
            .collect();
        assert_eq!(of_trino, of_duckdb, "{sql}");
    }
    // One month is one partition, which alone is read.
    let partitions = tables.row("SELECT count(*) FROM gold.\"monthly_metrics$partitions\"");
    assert_eq!(partitions, ["1"]);
}

/// The query of a gold table, run by DuckDB over the published run, has the rows that Trino computed.
#[test]
fn gold_tables_that_trino_computes_are_those_of_duckdb() {
    let Some(tables) = Tables::new() else { return };
    let build = || {
        let program = crate::support::program("build-gold");
        let mut command = tables.stack.command_at(tables.stack.url(), &program, &["--engine", "trino"]);
        command.env("DISCOGS_CATALOG_PASSWORD_FILE", &tables.password_file).run().expect_status(0).json()
    };
    tables.promote(SMALL);
    let built = build();
    assert_eq!((&built["metrics"]["tables"], &built["run_id"]), (&6.into(), &SMALL.into()), "{built}");
    tables.promote(LARGE);
    // The month before is read by Trino for the changes of the new one.
    let built = build();
    assert_eq!((&built["metrics"]["tables"], &built["run_id"]), (&6.into(), &LARGE.into()), "{built}");
    assert_eq!(build()["status"], "already_done");
    let query = |sql: &str| {
        let finished = tables.task("query", &["--sql", sql, "--format", "csv"]).expect_status(0);
        finished.stdout.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["release_wide", "label_year", "artist_activity", "style_trend", "release_features"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sql/gold/{name}.sql"));
        let text = std::fs::read_to_string(file).unwrap();
        let differences = format!(
            "WITH expected AS ({text}) SELECT count(*), (SELECT count(*) FROM gold.{name}), (SELECT count(*) FROM expected)
             FROM ((FROM expected EXCEPT ALL FROM gold.{name}) UNION ALL (FROM gold.{name} EXCEPT ALL FROM expected))"
        );
        let found = query(&differences).remove(0);
        let counts: Vec<u64> = found.split(',').map(|count| count.parse().unwrap()).collect();
        assert!(counts[0] == 0 && counts[1] > 0 && counts[1] == counts[2], "{name}: {found}");
    }
    let months = "SELECT dump_month, sum(value) FILTER (WHERE metric = 'releases'), count(change) > 0,
        sum(change) FILTER (WHERE metric = 'releases') FROM gold.monthly_metrics GROUP BY ALL ORDER BY ALL";
    assert_eq!(query(months), ["2026-11-01,150,false,", "2026-12-01,250,true,100"]);
    let of_stack = TrinoParameters { trino_schema: tables.stack.schema().to_owned(), ..TrinoParameters::default() };
    let of_run = tables.stack.session_in(&of_stack.run_schema(LARGE));
    let left = of_run.table("SHOW TABLES", "a test").unwrap().1.into_iter().flatten().flatten();
    let left: Vec<_> = left.filter(|name| name.contains("gold_") || name == "months_before").collect();
    assert!(left.is_empty(), "left in Trino: {left:?}");
}

/// A number without trailing zeros, which engines write differently; any other text unchanged.
fn number(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if cell.contains('.') => value.to_string(),
        _ => cell.to_owned(),
    }
}
