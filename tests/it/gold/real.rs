use crate::lakehouse::expected::on_each_month;
use crate::support::{Dir, binary};

/// The rules of all tables hold on real records; nothing is committed to the shared lake.
#[test]
fn the_tables_of_real_records_follow_their_rules() {
    on_each_month(|month| {
        let lake = month.lake().to_str().unwrap().to_owned();
        let finished = Dir::new().command(binary("build-gold")).args(&["--lake", &lake, "--dry-run"]).run();
        let json = finished.expect_status(0).json();
        assert_eq!(json["metrics"]["tables"], 6, "{json}");
        let rows = |name: &str| {
            let tables = json["tables"].as_array().unwrap();
            tables.iter().find(|table| table["name"] == name).unwrap()["rows"].as_u64().unwrap()
        };
        let count = |sql: &str| {
            let query = ["--lake", &lake, "--sql", sql, "--format", "csv"];
            let finished = Dir::new().command(binary("query")).args(&query).run().expect_status(0);
            finished.stdout.lines().nth(1).unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(rows("gold.release_wide"), count("SELECT count(*) FROM releases_v6"), "{}", month.month);
        let label_years = "SELECT count(*) FROM (SELECT DISTINCT label_id, released_year FROM release_labels_v1
            JOIN releases_v6 USING (release_id) WHERE label_id IS NOT NULL AND released_year IS NOT NULL)";
        assert_eq!(rows("gold.label_year"), count(label_years), "{}", month.month);
        assert!(rows("gold.artist_activity") > 0 && rows("gold.monthly_metrics") > 10, "{json}");
    });
}
