use super::{enforce, make_older, metric, remove};
use crate::gold::{NEXT, publish, two_months};
use crate::own::Own;
use crate::support::RUN;

/// Three rows that are old, three that are not, and one without a time; the last file is old as a whole.
fn inventory() -> Own {
    let own = Own::new();
    let declared = ["--key", "id", "--mode", "append", "--declare", "ingestion_timestamp=timestamptz"];
    for text in [
        "id,ingestion_timestamp\n1,2024-01-01 00:00:00+00\n2,2026-11-30 23:59:59+00\n3,\n",
        "id,ingestion_timestamp\n4,2026-10-01 00:00:00+00\n5,2026-10-02 00:00:00+00\n",
        "id,ingestion_timestamp\n6,2024-01-01 00:00:00+00\n7,2024-11-30 23:59:59.999999+00\n",
    ] {
        own.done(text, &declared);
    }
    own
}

const IDS: &str = "SELECT id FROM mine.inventory ORDER BY id";

#[test]
fn old_rows_of_own_tables_go_and_the_others_stay() {
    let own = inventory();
    let before = own.0.snapshot();
    let shown = enforce(&own.0, &[]);
    before.expect_unchanged(&own.0.root());
    assert_eq!((&shown["status"], metric(&shown, "rows")), (&"skipped".into(), 3), "{shown}");
    assert_eq!(shown["retention"][0]["kept_since"], "2024-12-01", "{shown}");
    let done = remove(&own.0, &[]);
    assert_eq!((&done["status"], metric(&done, "rows")), (&"done".into(), 3), "{done}");
    assert_eq!(own.rows(IDS, &[]), ["2", "3", "4", "5"]);
    assert_eq!(remove(&own.0, &[])["status"], "already_done");
    // To the microsecond of the first day that is kept.
    let done = remove(&own.0, &["--keep", "mine=60"]);
    assert_eq!((metric(&done, "rows"), own.rows(IDS, &[])), (1, ["2", "3", "5"].map(str::to_owned).into()), "{done}");
}

#[test]
fn snapshots_inside_the_time_are_read_and_older_ones_go_with_their_files() {
    let own = inventory();
    remove(&own.0, &[]);
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    let all = history["snapshots"].as_array().unwrap().len();
    assert_eq!(all, 4, "{history}");
    let before = history["snapshots"][2]["snapshot_id"].as_str().unwrap();
    let as_of = ["--table", "mine.inventory", "--as-of", before];
    assert_eq!(own.rows(IDS, &as_of), ["1", "2", "3", "4", "5", "6", "7"]);

    make_older(&own.0, "mine", "inventory", 900);
    let shown = enforce(&own.0, &[]);
    assert_eq!(metric(&shown, "expired_snapshots"), 3, "{shown}");
    let done = remove(&own.0, &[]);
    assert_eq!((metric(&done, "expired_snapshots"), metric(&done, "rows")), (3, 0), "{done}");
    assert!(metric(&done, "removed_bytes") >= metric(&shown, "removed_bytes"), "{shown} {done}");
    // The first file was written again without its old rows, and the last went: of the four data files, two stay.
    let files = std::fs::read_dir(own.0.path("_tables/mine/inventory/data")).unwrap().count();
    assert_eq!((files, metric(&shown, "removed_files")), (2, 2), "{shown}");
    assert_eq!(own.rows(IDS, &[]), ["2", "3", "4", "5"]);
}

#[test]
fn a_table_that_is_held_or_whose_rows_have_no_age_keeps_them() {
    let own = inventory();
    let held = remove(&own.0, &["--hold", "mine.inventory"]);
    assert_eq!((&held["status"], metric(&held, "rows")), (&"already_done".into(), 0), "{held}");
    assert_eq!(held["retention"][0]["kept_because"], "the table is held", "{held}");
    let other = own.0.write("other.csv", "id\n1\n");
    let from = ["--table", "mine.other", "--key", "id", "--from", other.to_str().unwrap()];
    own.0.call("upsert-table", &from).run().expect_status(0);
    let shown = enforce(&own.0, &[]);
    assert_eq!(shown["retention"][1]["kept_because"], "no column tells the age of its rows", "{shown}");
    assert_eq!(metric(&shown, "rows"), 3, "{shown}");
}

#[test]
fn a_parameter_that_would_do_something_else_is_refused() {
    let own = inventory();
    let before = own.0.snapshot();
    for (arguments, message) in [
        (["--hold", "mine.inventori", "--dry-run", "false"], "there is no table and no tag mine.inventori"),
        (["--keep", "platinum=3", "--dry-run", "false"], "platinum=3"),
        (["--keep", "mine=0", "--dry-run", "false"], "mine=0"),
        (["--today", "9999-12-31", "--dry-run", "false"], "9999-12-31 is not here yet"),
    ] {
        let refused = own.0.call("enforce-retention", &arguments).run().expect_status(2);
        refused.expect_one_line(&["enforce-retention: ", message]);
    }
    before.expect_unchanged(&own.0.root());
}

#[test]
fn old_months_of_gold_go_by_partition_and_tags_with_their_snapshots() {
    let lake = two_months();
    publish(&lake, RUN);
    publish(&lake, NEXT);
    let months = |arguments: &[&str]| {
        let sql = "SELECT DISTINCT dump_month FROM gold.monthly_metrics ORDER BY ALL";
        crate::gold::rows(&lake, sql, arguments)
    };
    assert_eq!(months(&[]), ["2026-11-01", "2026-12-01"]);
    let shown = enforce(&lake, &["--keep", "gold=15"]);
    let of = |name: &str| {
        let tables = shown["retention"].as_array().unwrap();
        tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("no {name}: {shown}")).clone()
    };
    assert_eq!(of("gold.release_wide")["rows"], 0);
    assert!(of("gold.monthly_metrics")["rows"].as_u64().unwrap() > 10, "{shown}");
    let done = remove(&lake, &["--keep", "gold=15"]);
    assert_eq!(metric(&done, "rows"), metric(&shown, "rows"), "{done}");
    assert_eq!(months(&[]), ["2026-12-01"]);
    assert_eq!(months(&["--as-of", "2026-11"]), ["2026-11-01"], "a snapshot inside the time");

    for table in ["monthly_metrics", "release_wide"] {
        make_older(&lake, "gold", table, 20);
    }
    let held = remove(&lake, &["--keep", "gold=15", "--hold", &format!("run_{RUN}")]);
    assert_eq!(months(&["--run-id", RUN]), ["2026-11-01"], "held by its tag: {held}");
    remove(&lake, &["--keep", "gold=15"]);
    lake.call("query", &["--run-id", RUN, "--sql", "FROM gold.monthly_metrics"]).run().expect_status(2);
    assert_eq!(months(&[]), ["2026-12-01"]);
    lake.call("report-active", &[]).run().expect_status(0);
}
