use std::process::Stdio;

use super::{Own, counts};
use crate::support::binary;

#[test]
fn rows_of_a_key_are_replaced_and_others_added_in_one_snapshot() {
    let own = Own::new();
    let first = own.done("id,title,price\n1,A,9.99\n2,\"B \"\"b\"\"\nx\",5\n3,C,1.5\n", &["--key", "id"]);
    assert_eq!(counts(&first), [3, 0, 0, 0, 0]);
    let again = own.done("id,title,price\n1,A,9.99\n2,\"B \"\"b\"\"\nx\",5\n3,C,1.5\n", &[]);
    assert_eq!(again["status"], "already_done");
    let dry = ["--dry-run"];
    let second = "id,title,price\n4,D,7\n3,C,1.50\n2,old,6\n2,new,6.5\n";
    assert_eq!(counts(&own.done(second, &dry)), [1, 1, 1, 0, 1]);
    assert_eq!(own.inventory().len(), 4, "a dry run changes nothing; one title has two lines");
    assert_eq!(counts(&own.done(second, &[])), [1, 1, 1, 0, 1]);
    assert_eq!(own.inventory(), ["1,A,9.99", "2,new,6.50", "3,C,1.50", "4,D,7.00"]);
    let same = own.done("id,title,price\n3,C,1.5\n", &[]);
    assert_eq!((same["status"].as_str(), counts(&same)), (Some("already_done"), [0, 0, 1, 0, 0]));
    assert_eq!(counts(&own.done("id\n1\n9\n", &["--mode", "delete"])), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&own.done("id,title,price\n7,G,1\n", &["--mode", "replace"])), [1, 0, 0, 3, 0]);
    assert_eq!(own.inventory(), ["7,G,1.00"]);
    own.done("id,title,price\n7,again,1\n", &["--mode", "append"]);
    assert_eq!(own.done("id,title,price\n7,again,1\n", &["--mode", "append"])["status"], "already_done");
    assert_eq!(own.inventory(), ["7,G,1.00", "7,again,1.00"]);
    // A key that the table has twice is one row afterwards.
    assert_eq!(counts(&own.done("id,title,price\n7,one,1\n", &[])), [0, 1, 0, 0, 0]);
    assert_eq!(own.inventory(), ["7,one,1.00"]);
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    assert_eq!(history["metrics"]["snapshots"], 6);
}

#[test]
fn states_are_travelled_to_and_rolled_back_to() {
    let own = Own::new();
    let first = own.done("id,price\n1,5\n", &["--key", "id"])["snapshot_id"].as_str().unwrap().to_owned();
    own.done("id,price,added\n1,6,2026-01-01\n2,7,2026-01-02\n", &[]);
    let back = ["--table", "mine.inventory", "--as-of", &first];
    assert_eq!(own.rows("FROM mine.inventory", &back), ["1,5"]);
    assert_eq!(own.inventory(), ["1,6,2026-01-01", "2,7,2026-01-02"]);
    own.0.call("rollback-table", &["--table", "mine.inventory", "--to", &first]).run().expect_status(0);
    assert_eq!(own.inventory(), ["1,5"]);
    own.done("id,price\n3,8\n", &[]);
    assert_eq!(own.inventory(), ["1,5", "3,8"]);
}

#[test]
fn stdin_ndjson_parquet_and_gzip_are_read() {
    let own = Own::new();
    let lines = "{\"ID\": 1, \"Price\": 1.5, \"tags\": [\"a\"]}\n{\"ID\": 2, \"other\": true}\n";
    let file = own.0.write("lines.ndjson", lines);
    let table = ["--table", "mine.inventory", "--key", "id", "--from"];
    own.0.call("upsert-table", &[&table[..], &[file.to_str().unwrap()]].concat()).run().expect_status(0);
    let expected = ["1,1.5,\"[\"\"a\"\"]\",", "2,,,true"];
    assert_eq!(own.inventory(), expected);
    let parquet = own.0.beside("rows.parquet");
    let mut query = own.0.call(
        "query",
        &[
            "--sql",
            "SELECT 3 AS id, 2.5::DECIMAL(4, 1) AS price, 'x' AS tags, false AS other FROM mine.inventory LIMIT 1",
        ],
    );
    let bytes = query.args(&["--format", "parquet"]).stdout(Stdio::from(std::fs::File::create(&parquet).unwrap()));
    assert_eq!(bytes.status(), Some(0));
    own.0.call("upsert-table", &[&table[..], &[parquet.to_str().unwrap()]].concat()).run().expect_status(0);
    let packed = own.0.write("more.csv.gz", crate::support::gzip("id,price,tags,other\n4,1,,\n"));
    own.0.call("upsert-table", &[&table[..], &[packed.to_str().unwrap()]].concat()).run().expect_status(0);
    assert_eq!(own.rows("SELECT id, price FROM mine.inventory ORDER BY 1", &[]), ["1,1.5", "2,", "3,2.5", "4,1.0"]);
    let stdin = own.0.write("stdin", "id;price;tags;other\n5;3;;\n");
    let mut piped = std::process::Command::new(binary("upsert-table"));
    piped.arg("--lake").arg(own.0.root()).args(table).args(["-", "--format", "csv"]);
    assert!(piped.stdin(std::fs::File::open(stdin).unwrap()).output().unwrap().status.success());
    assert_eq!(own.rows("SELECT count(*), sum(price) FROM mine.inventory", &[]), ["5,8.0"]);
}

#[test]
fn encodings_delimiters_and_a_thousand_columns_are_read() {
    let own = Own::new();
    own.done(b"id;title\n1;Bj\xf6rk\n", &["--key", "id", "--encoding", "latin1"]);
    let utf16: Vec<u8> = "\u{feff}id\ttitle\r\n2\tGröße\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    own.done(utf16, &[]);
    own.done("\u{feff}id|title\n3|bar\n", &[]);
    own.done("9,'4,5'\n", &["--header", "false", "--quote", "'", "--mode", "append", "--declare", "column_1=bigint"]);
    assert_eq!(own.rows("SELECT id, title FROM mine.inventory ORDER BY id", &[]), ["1,Björk", "2,Größe", "3,bar", ","]);
    let wide = Own::new();
    let header: Vec<String> = (0..1000).map(|column| format!("Column {column}")).collect();
    let values: Vec<String> = (0..1000).map(|column| column.to_string()).collect();
    wide.done(format!("{}\n{}\n", header.join(","), values.join(",")), &["--key", "column_0"]);
    assert_eq!(wide.rows("SELECT column_999, column_1 FROM mine.inventory", &[]), ["999,1"]);
}

#[test]
fn quoted_lines_delimiters_and_quotes_are_values_and_names() {
    let own = Own::new();
    let text = "\"Listing\nID\",\"a, b\",note\r\n1,\"x\r\ny\",\"say \"\"no\"\"\"\r\n2,\"\n\n\",\r\n";
    own.done(text, &["--key", "listing_id"]);
    let escaped = "SELECT listing_id, replace(replace(a_b, chr(13), 'r'), chr(10), 'n') AS a_b, note \
        FROM mine.inventory ORDER BY 1";
    assert_eq!(own.rows(escaped, &[]), ["1,xrny,\"say \"\"no\"\"\"", "2,nn,"]);
    // The first line end of a file is within a field, with a header and without.
    own.done("3,\"x\ny\",\r\n4,z,\r\n", &["--header", "false", "--mode", "append", "--declare", "column_1=bigint"]);
    assert_eq!(own.rows("SELECT count(*), count(column_2), max(column_1) FROM mine.inventory", &[]), ["4,2,4"]);
    let unnamed = own.upsert("5,\"x\ny\",\r\n6,z\r\n", &["--header", "false", "--mode", "append"]).expect_status(5);
    unnamed.expect_one_line(&["expected 3 fields, found 2", "line 3"]);
    let marked = Own::new();
    marked.done("\u{feff}\"Last, first\",id\n\"a, b\",1\n", &["--key", "id"]);
    assert_eq!(marked.rows("SELECT last_first, id FROM mine.inventory", &[]), ["\"a, b\",1"]);
    let ragged = own.upsert("listing_id,a_b,note\n1,\"x\ny\",\n2\n", &[]).expect_status(5);
    ragged.expect_one_line(&["expected 3 fields, found 1", "line 4"]);
    assert_eq!(own.rows("SELECT count(*) FROM mine.inventory", &[]), ["4"]);
}

#[test]
fn only_files_that_hold_a_key_are_rewritten() {
    let own = Own::new();
    let rows = |range: std::ops::Range<u32>| {
        range.fold("id,title\n".to_owned(), |text, id| text + &format!("{},title {id}\n", id * 2))
    };
    own.done(rows(0..100), &["--key", "id", "--mode", "append"]);
    own.done(rows(100..200), &["--mode", "append"]);
    own.done(rows(200..300), &["--mode", "append"]);
    let result = own.done("id,title\n250,new\n", &[]);
    let files = |result: &serde_json::Value| {
        ["files_written", "files_removed", "files_kept"].map(|name| result["metrics"][name].as_u64().unwrap())
    };
    assert_eq!((files(&result), counts(&result)), ([1, 1, 2], [0, 1, 0, 0, 0]));
    // Within the bounds of a file, but not in it: the file stays.
    let result = own.done("id,title\n251,odd\n", &[]);
    assert_eq!((files(&result), counts(&result)), ([1, 0, 3], [1, 0, 0, 0, 0]));
    assert_eq!(own.rows("SELECT count(*), count(DISTINCT id) FROM mine.inventory", &[]), ["301,301"]);
}

#[test]
fn the_largest_value_of_an_order_wins_and_partitions_split_files() {
    let own = Own::new();
    let create =
        ["--key", "id", "--order-by", "version", "--partition", "month(day), bucket(2, id)", "--sort", "day desc"];
    let rows = "id,version,day\n1,3,2026-01-01\n1,9,2026-02-01\n1,,2026-03-01\n1,5,2026-04-01\n2,1,2026-01-05\n";
    let result = own.done(rows, &create);
    assert_eq!(counts(&result), [2, 0, 0, 0, 3]);
    assert_eq!(result["metrics"]["files_written"], 2);
    let result = own.done("id,version,day\n2,2,2026-01-06\n", &[]);
    assert_eq!((counts(&result), &result["metrics"]["files_kept"]), ([0, 1, 0, 0, 0], &serde_json::json!(1)));
    assert_eq!(own.inventory(), ["1,9,2026-02-01", "2,2,2026-01-06"]);
    own.upsert("id,version,day\n1,1,2026-01-01\n", &["--partition", "day"]).expect_status(2);
}
