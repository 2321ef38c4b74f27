use super::Tables;
use crate::trino::stack::{LARGE, SMALL};

/// Trino reads the records with the bytes and the sums that DuckDB reads, one partition of the day on which they came.
#[test]
fn bronze_tables_have_the_same_records_in_trino() {
    let Some(tables) = Tables::new() else { return };
    for (run, mode) in [(SMALL, "full"), (LARGE, "changes")] {
        let arguments = ["--run-id", run, "--bronze", mode, "--bronze-entities", "labels,releases"];
        tables.task("append-bronze-dump", &[&arguments[..], &["--memory-limit", "1GiB"]].concat()).expect_status(0);
    }
    for entity in ["labels", "releases"] {
        let sums = format!(
            "SELECT count(*), sum(id), sum(position), count(xml), max(record_hash), min(source_sha256), min(dump_month)
             FROM bronze.{entity}"
        );
        let query = tables.task("query", &["--sql", &sums, "--format", "csv"]).expect_status(0);
        assert_eq!(tables.row(&sums).join(","), query.stdout.lines().nth(1).unwrap(), "{entity}");
        let other = format!("SELECT count(*) FROM bronze.{entity} WHERE lower(to_hex(md5(xml))) <> record_hash");
        assert_eq!(tables.row(&other), ["0"], "{entity}");
        let records = format!("SELECT count(*) FROM bronze.{entity} WHERE from_utf8(xml) NOT LIKE '<%>'");
        assert_eq!(tables.row(&records), ["0"], "{entity}");
        // Both months came on one day, or on two if it is midnight.
        let days = format!("SELECT count(*) <= 2 FROM bronze.\"{entity}$partitions\"");
        assert_eq!(tables.row(&days), ["true"], "{entity}");
        // A day on which nothing came has no file.
        let plan = format!(
            "EXPLAIN (TYPE IO) SELECT count(xml) FROM bronze.{entity} WHERE ingestion_timestamp < TIMESTAMP '2020-01-01 00:00:00 UTC'"
        );
        let plan = tables.row(&plan).concat();
        assert!(plan.contains("ingestion_timestamp"), "{plan}");
        let early = format!(
            "SELECT count(xml) FROM bronze.{entity} WHERE ingestion_timestamp < TIMESTAMP '2020-01-01 00:00:00 UTC'"
        );
        assert_eq!(tables.row(&early), ["0"]);
    }
}
