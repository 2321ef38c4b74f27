use super::Tables;
use crate::iceberg::partitions::{CREATE, RANGES, rows};

/// Trino reads the rows of the files of a day, a month and a year; the query names no partition.
#[test]
fn a_day_a_month_and_a_year_read_their_files() {
    let Some(tables) = Tables::new() else { return };
    let input = tables.stack.folder().join("sales.csv");
    std::fs::write(&input, rows()).unwrap();
    tables.task("upsert-table", &[&CREATE[..], &["--from", input.to_str().unwrap()]].concat()).expect_status(0);
    for (first, end, files) in RANGES {
        let condition = format!("sold >= DATE '{first}' AND sold < DATE '{end}'");
        let plan = tables.row(&format!("EXPLAIN ANALYZE SELECT * FROM mine.sales WHERE {condition}")).remove(0);
        let input = plan.split("Input: ").skip(1).find(|part| part.contains("Physical input: "));
        // Each file has one row. A plan without files has no input.
        let read = input.and_then(|part| part.split(' ').next()).unwrap_or("0");
        assert_eq!(read, files.to_string(), "{condition}\n{plan}");
        assert_eq!(tables.row(&format!("SELECT count(*) FROM mine.sales WHERE {condition}")), [files.to_string()]);
    }
}
