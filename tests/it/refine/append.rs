use duckdb::Connection;

use super::Shop;

/// Every row of a bronze table without its time, as JSON.
fn all(shop: &Shop, table: &str) -> Vec<String> {
    shop.rows(&format!(
        "SELECT to_json(t) FROM (SELECT * EXCLUDE (ingestion_timestamp, source_sha256, record_hash)
         FROM bronze.mine_{table} ORDER BY source_file, position) AS t"
    ))
}

/// A cell of CSV as its text.
fn text(line: &str) -> String {
    line.trim_matches('"').replace("\"\"", "\"")
}

#[test]
fn every_format_is_kept_as_it_came() {
    let shop = Shop::new();
    let parquet = shop.0.beside("pages.parquet");
    Connection::open_in_memory()
        .unwrap()
        .execute_batch(&format!(
            "COPY (SELECT 1 AS \"Catalog#\", 1.50::DECIMAL(9, 2) AS price, DATE '2026-11-02' AS \"Date Added\",
             [{{'name': 'a'}}] AS artists UNION ALL SELECT 2, NULL, NULL, NULL) TO '{}'",
            parquet.display()
        ))
        .unwrap();
    let inputs: [(&str, Vec<u8>); 6] = [
        (
            "of.csv",
            b"Catalog#,price,Date Added,artists\n1,1.50,2026-11-02,\"[{\"\"name\"\":\"\"a\"\"}]\"\n2\n".to_vec(),
        ),
        (
            "of.ndjson",
            b"{\"Catalog#\": 1, \"price\": 1.50, \"Date Added\": \"2026-11-02\", \"artists\": [{\"name\": \"a\"}]}\n\
              {\"Catalog#\": 2, \"price\": null}\n"
                .to_vec(),
        ),
        (
            "of.json",
            b"[{\"Catalog#\": 1, \"price\": 1.50, \"Date Added\": \"2026-11-02\", \"artists\": [{\"name\":\"a\"}]},\n\
              {\"Catalog#\": 2}]"
                .to_vec(),
        ),
        (
            "page.json",
            b"{\"pagination\": {\"page\": 1}, \"releases\": [{\"Catalog#\": 1, \"price\": 1.50, \"Date Added\": \
              \"2026-11-02\", \"artists\": [{\"name\": \"a\"}]}, {\"Catalog#\": 2}]}"
                .to_vec(),
        ),
        (
            "of.csv.gz",
            crate::support::gzip(
                "Catalog#;price;Date Added;artists\n1;1.50;2026-11-02;\"[{\"\"name\"\":\"\"a\"\"}]\"\n2;;;\n",
            ),
        ),
        ("of.parquet", std::fs::read(parquet).unwrap()),
    ];
    for (index, (name, bytes)) in inputs.iter().enumerate() {
        let result =
            shop.append(&format!("t{index}"), name, bytes, &["--source-system", "shop"]).expect_status(0).json();
        assert_eq!(result["metrics"]["rows"], 2, "{name}");
        let rows: Vec<_> = all(&shop, &format!("t{index}")).iter().map(|line| text(line)).collect();
        let first = format!(
            "{{\"Catalog#\":\"1\",\"price\":\"1.50\",\"Date Added\":\"2026-11-02\",\"artists\":\"[{{\\\"name\\\":\\\"a\\\"}}]\",\
             \"source_system\":\"shop\",\"source_file\":\"{name}\",\"position\":1}}"
        );
        let second = format!(
            "{{\"Catalog#\":\"2\",\"price\":null,\"Date Added\":null,\"artists\":null,\
             \"source_system\":\"shop\",\"source_file\":\"{name}\",\"position\":2}}"
        );
        assert_eq!(rows, [first, second], "{name}");
    }
    // The same row has the same hash in each format: the MD5 of its texts as JSON, by name, without those that are missing.
    let tables = (0..inputs.len()).map(|index| format!("FROM bronze.mine_t{index}")).collect::<Vec<_>>();
    let hashes =
        shop.rows(&format!("SELECT DISTINCT record_hash FROM ({}) WHERE position = 2", tables.join(" UNION ALL ")));
    assert_eq!(hashes, shop.rows("SELECT DISTINCT md5('{\"Catalog#\":\"2\"}') FROM bronze.mine_t0"));
    let firsts = shop.rows(&format!("SELECT count(DISTINCT record_hash) FROM ({})", tables.join(" UNION ALL ")));
    assert_eq!(firsts, ["2"]);
}

#[test]
fn numbers_of_json_keep_their_digits() {
    let shop = Shop::new();
    let text = "{\"n\": 12345678901234567890.10, \"s\": \"\\u00e9\\n\"}\n";
    shop.append("t", "of.ndjson", text, &[]).expect_status(0);
    assert_eq!(shop.rows("SELECT n, s = 'é' || chr(10) FROM bronze.mine_t"), ["12345678901234567890.10,true"]);
}

#[test]
fn a_file_is_appended_once_and_new_columns_are_added() {
    let shop = Shop::new();
    let append = |name: &str, text: &str| shop.append("shop", name, text, &[]).expect_status(0).json();
    assert_eq!(append("a.csv", "id,Price\n1,5\n2,6\n")["status"], "done");
    let before = shop.0.snapshot();
    assert_eq!(append("b.csv", "id,Price\n1,5\n2,6\n")["status"], "already_done");
    before.expect_unchanged(&shop.0.root());
    assert_eq!(append("empty.csv", "id,Price\n")["status"], "skipped");
    let added = append("c.csv", "PRICE,Location {x},id\n7,A1,3\n");
    assert_eq!(added["columns_added"], serde_json::json!(["Location {x}"]));
    // Between two appends of other columns, the earlier file is still known.
    assert_eq!(append("a.csv", "id,Price\n1,5\n2,6\n")["status"], "already_done");
    let rows = "SELECT id, Price, \"Location {x}\", source_file, position FROM bronze.mine_shop ORDER BY id";
    assert_eq!(shop.rows(rows), ["1,5,,a.csv,1", "2,6,,a.csv,2", "3,7,A1,c.csv,1"]);
    let files = shop.rows("SELECT DISTINCT partition FROM table_files WHERE table_name = 'mine_shop'");
    assert!(files.len() == 1 && files[0].starts_with("ingestion_timestamp_day="), "{files:?}");
}

#[test]
fn what_cannot_be_kept_as_it_came_is_refused_with_one_line() {
    let shop = Shop::new();
    for (name, text, status, part) in [
        ("a.csv", "id,ID\n1,2\n", 5, "column 2: \"ID\" is the name of another column"),
        ("a.csv", "id,\n1,2\n", 5, "column 2: the column has no name"),
        ("a.csv", "id,position\n1,2\n", 5, "\"position\" is the name of the table's own column"),
        ("a.csv", "id,a\n1,2,3\n", 5, "expected 2 fields, found 3"),
        ("a.csv", "id,a\n1,\"2\n", 5, "a quote is not closed"),
        ("a.csv", "", 5, "is empty"),
        ("a.ndjson", "{\"id\":1}\n{\"id\"\n", 5, "line 3: the text ends within a value"),
        ("a.json", "{\"id\": 5, \"tracks\": [{\"a\": 1}]}", 5, "--records tracks"),
        ("a.json", "{\"id\": 5}", 5, "without an array of objects"),
        ("a.json", "{\"releases\": []}", 5, "has no records"),
        ("a.parquet", "id\n1\n", 5, "a.parquet"),
        ("a.txt.zip", "id\n1\n", 2, "does not say the format"),
    ] {
        shop.append("t", name, text, &[]).expect_status(status).expect_one_line(&[part]);
    }
    let file = shop.0.write("a.csv", "id\n1\n");
    for table in ["mine.t", "bronze.t", "bronze.artists", "gold.mine_t", "bronze.mine_"] {
        let call = ["--table", table, "--from", file.to_str().unwrap()];
        shop.0.call("append-bronze", &call).run().expect_status(2).expect_one_line(&["bronze.mine_NAME"]);
    }
    assert!(!shop.0.path("_tables").exists());
}

#[test]
fn two_files_at_once_are_both_appended() {
    let shop = Shop::new();
    let files: Vec<_> = (1..=3).map(|n| shop.0.write(&format!("{n}.csv"), format!("id,c{n}\n{n},{n}\n"))).collect();
    std::thread::scope(|scope| {
        for file in &files {
            let call = ["--table", "bronze.mine_t", "--from", file.to_str().unwrap()];
            let mut command = shop.0.call("append-bronze", &call);
            scope.spawn(move || command.run().expect_status(0));
        }
    });
    let rows = shop.rows("SELECT id, coalesce(c1, c2, c3), source_file FROM bronze.mine_t ORDER BY id");
    assert_eq!(rows, ["1,1,1.csv", "2,2,2.csv", "3,3,3.csv"]);
}
