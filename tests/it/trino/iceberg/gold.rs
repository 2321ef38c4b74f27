use super::Tables;

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

/// A number without trailing zeros, which engines write differently; any other text unchanged.
fn number(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if cell.contains('.') => value.to_string(),
        _ => cell.to_owned(),
    }
}
