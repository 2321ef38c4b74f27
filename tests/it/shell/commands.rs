use serde_json::Value;

use super::{NEXT, csv, empty, inventory, lake, run, shell};
use crate::support::RUN;

#[test]
fn a_file_is_inserted_and_the_table_is_read_as_it_is_and_as_it_was() {
    let lake = empty();
    let first = inventory(&lake, "first list.csv", "1,A,9.50\n2,B,12.00\n");
    let second = inventory(&lake, "second.csv", "2,b,11.00\n3,C,7.25\n");
    let inserted = run(&lake, &format!("insert mine.inventory '{first}' key=listing_id"));
    inserted.expect_stderr("2 inserted, 0 updated");
    let history = csv(&lake, "history mine.inventory");
    let snapshot = history.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    run(&lake, &format!("insert inventory {second}")).expect_stderr("1 inserted, 1 updated");
    let all = "SELECT listing_id, title, price FROM mine.inventory ORDER BY ALL;";
    let now = "listing_id,title,price\n1,A,9.50\n2,b,11.00\n3,C,7.25\n";
    let before = "listing_id,title,price\n1,A,9.50\n2,B,12.00\n";
    assert_eq!(csv(&lake, all), now);
    assert_eq!(csv(&lake, &format!("travel mine.inventory {snapshot}; {all}")), before);
    assert_eq!(csv(&lake, &format!("travel mine.inventory {snapshot}; travel now; {all}")), now);
    assert_eq!(csv(&lake, &format!("travel inventory {snapshot}; travel inventory now; {all}")), now);
    assert_eq!(csv(&lake, &format!("travel * 2999-12-31; {all}")), now);
    let travelled = run(&lake, &format!("travel mine.inventory {snapshot}; travel"));
    travelled.expect_stderr(&format!("mine.inventory is read as of snapshot {snapshot}"));
    shell(&lake, &format!("travel * 2020-01-01; {all}")).run().expect_status(2).expect_stderr("has no such state");

    let changes = csv(&lake, &format!("changes mine.inventory {snapshot}"));
    assert!(changes.contains("updated") && changes.contains(r#"""price"":12.00"#), "{changes}");
    assert_eq!(csv(&lake, "changes mine.inventory").lines().count(), 5);
    run(&lake, &format!("rollback mine.inventory to {snapshot} dry_run=true")).expect_stderr("would move");
    assert_eq!(csv(&lake, all), now);
    run(&lake, &format!("rollback mine.inventory {snapshot}"));
    assert_eq!(csv(&lake, all), before);
    run(
        &lake,
        "alter mine.inventory rename title to name; alter mine.inventory 'add country varchar; move country first'",
    );
    assert_eq!(csv(&lake, "describe mine.inventory").replace("\r\n", "\n").lines().nth(1), Some("country,VARCHAR,"));
    assert!(csv(&lake, "FROM mine.inventory").starts_with("country,listing_id,name,price\n"));
}

#[test]
fn the_whole_lake_is_read_as_it_was() {
    let lake = lake();
    let count = "SELECT COUNT(*) > 0 AS found FROM artists_v1_typed";
    for when in ["2026-11", NEXT, "2999-12-31"] {
        assert_eq!(csv(lake, &format!("travel {when}; {count}")), "found\ntrue\n", "{when}");
    }
    run(lake, &format!("travel {NEXT}"))
        .expect_stderr(&format!("as of {NEXT}, run {NEXT}; tables of your own are read"));
    shell(lake, "travel 2020-01").run().expect_status(2).expect_one_line(&["does not have a run of 2020-01"]);
    shell(lake, "travel yesterday").run().expect_status(2).expect_one_line(&["expected a month (2026-10)"]);
    let refused = shell(lake, "travel releases_ref_v6 2026-11").run().expect_status(2);
    refused.expect_one_line(&["read together", "travel 2026-10"]);
}

#[test]
fn the_lake_is_listed() {
    let lake = lake();
    let tables = csv(lake, "tables");
    assert!(tables.lines().any(|line| line.starts_with("releases_ref_v6,")), "{tables}");
    let columns = csv(lake, "describe releases_ref_v6");
    assert!(columns.starts_with("name,type,description\n") && columns.lines().count() > 5, "{columns}");
    let runs = csv(lake, "runs");
    assert!(runs.contains(&format!("{RUN},sealed,true,")) && runs.contains(&format!("{NEXT},sealed,false,")), "{runs}");
    assert_eq!(csv(lake, "history releases_ref_v6").lines().count(), 3);
    run(lake, "checks").expect_stderr(&format!("{RUN}: "));
    let all = csv(lake, &format!("checks all {RUN}"));
    assert!(all.lines().count() > 100, "{all}");
    let bare = empty();
    assert_eq!(csv(&bare, "tables; runs").lines().count(), 2);
    shell(&bare, "checks").run().expect_status(2).expect_stderr("promote a sealed run first");
}

#[test]
fn results_have_the_format_that_is_asked_for() {
    let lake = lake();
    let statement = "SELECT 1 AS n, NULL AS nothing, 'a|b' AS text;";
    let formats = run(
        lake,
        &format!("{statement} format csv; {statement} format json; {statement} format markdown; {statement} format"),
    );
    for part in [
        "│ 1 ┆ NULL    ┆ a|b  │",
        "n,nothing,text\n1,,a|b\n",
        r#"{"n":1,"nothing":null,"text":"a|b"}"#,
        "| 1 |  | a\\|b |",
        "\nmarkdown\n",
    ] {
        assert!(formats.stdout.contains(part), "{part}:\n{}", formats.stdout);
    }
    let runs = shell(lake, "runs").args(&["--format", "json"]).run().expect_status(0).stdout;
    assert_eq!(serde_json::from_str::<Value>(&runs).unwrap()[0]["state"], "sealed", "{runs}");
    let escaped = run(lake, "SELECT chr(27) || '[31m' AS text");
    assert!(escaped.stdout.contains("│ \\u{1b}[31m │"), "{}", escaped.stdout);
    let many = run(lake, "SELECT * FROM range(1000)");
    assert!(many.stdout.contains("199") && !many.stdout.contains("│ 200 "), "{}", many.stdout);
    many.expect_stderr("800 more rows");
    let own = empty();
    let file = inventory(&own, "a.csv", "1,A,2\n");
    let insert = format!("insert mine.x {file} key=listing_id");
    let outcome = shell(&own, &insert).args(&["--format", "json"]).run().expect_status(0).json();
    assert_eq!((outcome["task"].as_str(), &outcome["metrics"]["inserted"]), (Some("upsert-table"), &Value::from(1)));
}

#[test]
fn the_help_teaches_every_command() {
    let lake = empty();
    let overview = run(&lake, "help").stdout;
    for (name, part) in
        [("insert", "insert mine.inventory inventory.csv key=listing_id"), ("travel", "travel now"), ("SELECT", ";")]
    {
        assert!(overview.contains(name), "{overview}");
        let help = run(&lake, &format!("help {name}")).stdout;
        assert!(help.contains(part), "{help}");
    }
    shell(&lake, "help nothing").run().expect_status(2).expect_one_line(&["no command nothing", "help lists"]);
}
