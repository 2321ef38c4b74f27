use super::Own;

#[test]
fn a_bad_input_is_one_line_that_names_the_place_and_changes_nothing() {
    let own = Own::new();
    own.done("id,price\n1,5\n", &["--key", "id"]);
    let before = own.0.snapshot();
    for (text, status, parts) in [
        ("id,price\n1,5\n2\n", 5, &["line 3", "expected 2 fields, found 1"][..]),
        ("id,price\n1,5,6\n", 5, &["line 2", "expected 2 fields, found 3"]),
        ("id,price\n1,\"5\n2,3\n", 5, &["line 2", "a quote is not closed"]),
        ("", 5, &["is empty"]),
        ("id,price\n,5\n", 5, &["row 1", "the key id has no value"]),
        ("id,price\n1,5\nx,6\n", 5, &["row 2, column id", "\"x\" is no bigint"]),
        ("ref,price\n1,5\n", 2, &["no column id"]),
    ] {
        own.upsert(text, &[]).expect_status(status).expect_one_line(parts);
    }
    own.upsert(b"id,price\n1,5\n2,\xe9\n", &[]).expect_status(5).expect_one_line(&[
        "line 3",
        "not UTF-8",
        "--encoding",
    ]);
    own.upsert("id,price\n1,6\n", &["--key", "price"]).expect_status(2).expect_one_line(&["has the key id, not price"]);
    own.upsert("id,price\n1,6\n", &["--declare", "cost=bigint"]).expect_status(2).expect_one_line(&["no column cost"]);
    let wrong = |encoding: &str, text: &[u8]| own.upsert(text, &["--encoding", encoding]);
    wrong("utf-16le", b"i\0d\0\n\0\x00\xd8").expect_status(5).expect_one_line(&["a character that UTF-16LE lacks"]);
    wrong("shift_jis", b"id,price\n1,\xff\xff\n").expect_status(5).expect_one_line(&["that Shift_JIS lacks"]);
    wrong("klingon", b"id,price\n1,5\n").expect_status(2).expect_one_line(&["expected an encoding"]);
    // Only a header: no row, no change.
    assert_eq!(own.done("id,price\n", &[])["status"], "already_done");
    before.expect_unchanged(&own.0.root());
    assert_eq!(own.inventory(), ["1,5"]);
}

#[test]
fn an_input_without_columns_is_empty_in_every_format() {
    let own = Own::new();
    let empty = crate::support::gzip("");
    let blank = crate::support::gzip("\n\n");
    let inputs: [(&str, &[u8]); 9] = [
        ("empty.csv", b""),
        ("blank.csv", b"\n\r\n\n"),
        ("marked.csv", b"\xef\xbb\xbf"),
        ("marked.csv", b"\xff\xfe"),
        ("packed.csv.gz", &empty),
        ("blank.csv.gz", &blank),
        ("empty.ndjson", b""),
        ("blank.ndjson", b"\n\n"),
        ("packed.ndjson.gz", &empty),
    ];
    for (name, bytes) in inputs {
        let file = own.0.write(name, bytes);
        let call = ["--table", "mine.inventory", "--key", "id", "--from", file.to_str().unwrap()];
        let refused = own.0.call("upsert-table", &call).run().expect_status(5);
        refused.expect_one_line(&[&format!("{name} is empty")]);
    }
    let others = [
        ("empty.parquet", &b""[..]),
        ("text.parquet", b"id,price\n1,5\n"),
        ("numbers.ndjson", b"5\n6\n"),
        ("cut.ndjson", b"{\"id\": 1}\n{\"id\": \n"),
    ];
    for (name, bytes) in others {
        let file = own.0.write(name, bytes);
        let call = ["--table", "mine.inventory", "--key", "id", "--from", file.to_str().unwrap()];
        own.0.call("upsert-table", &call).run().expect_status(5).expect_one_line(&[name]);
    }
    assert!(!own.0.path("_tables").exists());
}

/// The first record is looked for in the beginning of a file, however large the file is.
#[test]
fn a_quote_that_is_never_closed_does_not_bring_the_file_into_memory() {
    let own = Own::new();
    let peak = |finished: &crate::support::Finished| finished.json()["metrics"]["peak_memory_bytes"].as_u64().unwrap();
    let small = own.upsert("id,\"price\n1,5\n", &["--key", "id"]).expect_status(5);
    let rows = format!("id,\"price\n{}", "1,5\n".repeat(16 << 20));
    let large = own.upsert(rows, &["--key", "id"]).expect_status(5).expect_one_line(&["a quote is not closed"]);
    let more = peak(&large).saturating_sub(peak(&small)) >> 20;
    assert!(more < 48, "{more} MiB more for a file of 64 MiB");
}

#[test]
fn names_and_places_that_are_not_peoples_own_are_refused() {
    let own = Own::new();
    let file = own.0.write("input.csv", "id\n1\n");
    let from = file.to_str().unwrap();
    for (table, hint) in
        [("gold.x", "mine.x"), ("silver.releases_v6", "mine"), ("theirs.x", "theirs"), ("mine.X y", "lower-case")]
    {
        let call = ["--table", table, "--from", from, "--key", "id"];
        own.0.call("upsert-table", &call).run().expect_status(2).expect_one_line(&[hint]);
    }
    for (from, part) in
        [("s3://bucket", "expected s3://BUCKET/KEY"), ("missing.csv", "missing.csv"), ("rows", "--format")]
    {
        let call = ["--table", "mine.x", "--from", from, "--key", "id"];
        let finished = own.0.call("upsert-table", &call).run();
        assert!([Some(2), Some(5)].contains(&finished.status), "{}", finished.stderr);
        finished.expect_one_line(&[part]);
    }
    let call = |mode: &str, text: &str| own.upsert(text, &["--mode", mode]);
    call("upsert", "id\n1\n").expect_status(2).expect_one_line(&["parameter key is missing"]);
    call("delete", "id\n1\n").expect_status(2).expect_one_line(&["no table mine.inventory"]);
    own.upsert("id,name\n", &["--key", "id"]).expect_status(5).expect_one_line(&["no rows", "column id has no type"]);
    assert!(!own.0.path("_tables").exists() && !own.0.path("_meta/catalog.sqlite").exists());
    own.upsert("id,name\n", &["--key", "id", "--declare", "id=bigint,name=varchar"]).expect_status(0);
    assert_eq!(own.inventory(), Vec::<String>::new());
}
