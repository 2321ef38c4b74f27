//! A user's collection: pages of the API in each of their forms, and the site's CSV.

use std::path::Path;

use crate::support::{Finished, RUN, Table, TestLake, Value, sample_dumps};

fn ingest(lake: &TestLake, collection: &Path) -> Finished {
    lake.task("ingest-collection").args(&["--run-id", RUN]).env("DISCOGS_COLLECTION_JSON", collection).run()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

const COLUMNS: [&str; 11] = [
    "instance_id",
    "release_id",
    "title",
    "artists",
    "labels",
    "year",
    "formats",
    "genres",
    "styles",
    "date_added",
    "rating",
];

fn page(instance: u32) -> String {
    format!(
        r#"{{"id": 5, "instance_id": {instance}, "date_added": "2020-01-02T03:04:05-08:00", "rating": 4,
        "basic_information": {{"id": 5, "title": " A title ", "year": 0, "artists": [{{"name": "A"}}, {{"name": "B, C"}}],
        "labels": [{{"name": "L", "catno": "L 1"}}], "formats": [{{"name": "Vinyl"}}], "genres": ["Jazz"], "styles": []}}}}"#
    )
}

fn instances(table: &Table) -> Vec<i64> {
    table.column("instance_id").map(|value| if let Value::Int(id) = value { *id } else { -1 }).collect()
}

#[test]
fn pages_are_read_in_each_of_their_forms() {
    for form in ["{\"releases\": [ITEM]}", "{\"items\": [ITEM]}", "[ITEM]"] {
        let lake = TestLake::begun();
        let file = lake.write("discogs_page_1.json", form.replace("ITEM", &page(77)));
        ingest(&lake, &file).expect_status(0).expect_result("done");
        let table = lake.table("collection");
        assert_eq!(table.columns, COLUMNS, "{form}");
        let row = [
            Value::Int(77),
            Value::Int(5),
            text("A title"),
            text("A, B, C"),
            text("L"),
            Value::Int(0),
            text("Vinyl"),
            text("Jazz"),
            Value::Null,
            text("2020-01-02T03:04:05-08:00"),
            Value::Int(4),
        ];
        assert_eq!(table.rows, [row], "{form}");
    }
}

#[test]
fn a_byte_order_mark_is_left_out() {
    let lake = TestLake::begun();
    let file = lake.write("discogs_page_1.json", format!("\u{feff}[{}]", page(78)));
    ingest(&lake, &file).expect_status(0).expect_result("done");
    assert_eq!(instances(&lake.table("collection")), [78]);
}

#[test]
fn pages_of_a_folder_are_read_in_the_order_of_their_numbers() {
    let lake = TestLake::begun();
    for number in [10, 9, 1] {
        lake.write(&format!("pages/discogs_page_{number}.json"), format!("[{}]", page(number)));
    }
    let folder = lake.write("pages/others.json", "no page").parent().unwrap().to_owned();
    ingest(&lake, &folder).expect_status(0);
    assert_eq!(instances(&lake.table("collection")), [1, 9, 10]);
}

#[test]
fn without_a_collection_the_task_is_skipped() {
    let lake = TestLake::begun();
    let finished = lake.task("ingest-collection").args(&["--run-id", RUN]).run().expect_status(0);
    assert_eq!(finished.expect_result("skipped").json()["reason"], "no collection was given");
    assert!(!lake.in_run("collection").exists());
}

#[test]
fn what_is_no_collection_is_refused() {
    let lake = TestLake::begun();
    let before = lake.snapshot();
    for (name, content, part) in [
        ("discogs_page_1.json", "{", "not JSON"),
        ("discogs_page_1.json", "7", "neither an object nor a list"),
        ("discogs_page_1.json", "{\"message\": \"not found\"}", "neither \"releases\" nor \"items\""),
        ("discogs_page_1.json", "[7]", "item 1 is not an object"),
        ("export.csv", "a,b\n1,2\n", "no column release_id"),
    ] {
        let file = lake.write(name, content);
        ingest(&lake, &file).expect_status(5).expect_one_line(&[file.to_str().unwrap(), part]);
    }
    ingest(&lake, Path::new("/nowhere")).expect_status(5).expect_one_line(&["/nowhere cannot be read"]);
    let empty = lake.write("empty/x", "").parent().unwrap().to_owned();
    ingest(&lake, &empty).expect_status(5).expect_one_line(&["holds no file like discogs_page_*.json"]);
    before.expect_unchanged(&lake.root());
    lake.expect_nothing_staged();
}

#[test]
fn a_page_as_the_api_sends_it() {
    let Some(dumps) = sample_dumps() else { return };
    let lake = TestLake::begun();
    ingest(&lake, &dumps.join("collection")).expect_status(0);
    let table = lake.table("collection");
    assert_eq!(table.rows.len(), 3);
    let page: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dumps.join("collection/discogs_page_1.json")).unwrap()).unwrap();
    for (row, item) in table.rows.iter().zip(page["releases"].as_array().unwrap()) {
        let basic = &item["basic_information"];
        let joined = |list: &serde_json::Value| {
            let names =
                list.as_array().unwrap().iter().map(|entry| entry.get("name").unwrap_or(entry).as_str().unwrap());
            Value::text(Some(names.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty()))
        };
        let number = |value: &serde_json::Value| value.as_i64().map_or(Value::Null, Value::Int);
        let expected = [
            number(&item["instance_id"]),
            number(&basic["id"]),
            text(basic["title"].as_str().unwrap()),
            joined(&basic["artists"]),
            joined(&basic["labels"]),
            number(&basic["year"]),
            joined(&basic["formats"]),
            joined(&basic["genres"]),
            joined(&basic["styles"]),
            Value::text(item["date_added"].as_str()),
            number(&item["rating"]),
        ];
        assert_eq!(*row, expected);
    }
}

#[test]
fn the_csv_export_of_the_site() {
    let Some(dumps) = sample_dumps() else { return };
    let lake = TestLake::begun();
    ingest(&lake, &dumps.join("collection/collection_export_sample.csv")).expect_status(0);
    let table = lake.table("collection");
    assert_eq!(table.rows.len(), 5);
    let first = [
        Value::Null,
        Value::Int(7_530_535),
        text("You"),
        text("Au Pairs"),
        text("021 Records"),
        Value::Int(1979),
        text("7\", EP"),
        Value::Null,
        Value::Null,
        text("2020-11-12 12:24:52"),
        Value::Null,
    ];
    assert_eq!(table.rows[0], first);
    let ids = table.column("release_id").take(3).collect::<Vec<_>>();
    assert_eq!(ids, [&Value::Int(7_530_535), &Value::Int(434_828), &Value::Int(129_186)]);
}
