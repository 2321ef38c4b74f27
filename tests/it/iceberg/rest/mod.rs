//! A lake whose catalog is on a REST server.

pub mod fixture;
mod front;
mod login;
mod refusals;
mod tls;

use std::fs;

use lake_catalog::{Access, Catalog, PrimitiveType, TableChange, TableName};
use serde_json::Value;

use super::{NOVEMBER, OCTOBER, history, releases, run_of, two_months};
use crate::faults::create_own_table;
use crate::support::{Finished, TestLake, sealed_lake};
use fixture::{Rest, fixture};

fn stage_at(lake: &TestLake, url: &str, run: &str) -> Finished {
    lake.task("stage-tables").args(&["--run-id", run, "--catalog", url]).run()
}

#[test]
fn a_lake_is_staged_promoted_read_altered_and_rolled_back_over_rest() {
    let Some(server) = fixture() else { return };
    published_and_altered(&two_months(), &server);
}

/// A lake of two months that is staged, published, read, altered, kept and pruned over a server.
pub fn published_and_altered(lake: &TestLake, server: &dyn Rest) {
    for run in [OCTOBER, NOVEMBER] {
        stage_at(lake, &server.url(), run).expect_status(0).expect_result("done");
        lake.promote(run).expect_status(0);
    }
    super::stage(lake, NOVEMBER).expect_status(0).expect_result("already_done");
    assert!(!lake.root().join("_meta/catalog.sqlite").exists());
    let tables = lake.task("table-history").run().expect_status(0).json()["tables"].clone();
    assert_eq!(tables.as_array().map(Vec::len), Some(37));
    for table in ["silver.releases_v6", "gold.artist_name_map_v1", "silver.collection"] {
        assert_eq!(run_of(lake, table, "main").as_deref(), Some(NOVEMBER), "{table}");
        assert_eq!(run_of(lake, table, "month_2026-10").as_deref(), Some(OCTOBER), "{table}");
    }
    let snapshot = history(lake, "releases_v6")["snapshots"][0]["snapshot_id"].as_str().unwrap().to_owned();
    for (when, run) in [("2026-10", OCTOBER), ("2026-11", NOVEMBER), (&snapshot, OCTOBER), ("2999-01-01", NOVEMBER)] {
        assert_eq!(releases(lake, &["--as-of", when]), releases(lake, &["--run-id", run]), "{when}");
    }
    lake.task("rollback").run().expect_status(0);
    lake.expect_active(OCTOBER);
    assert_eq!(run_of(lake, "releases_v6", "main").as_deref(), Some(OCTOBER));
    lake.task("rollback-table").args(&["--table", "labels_v10", "--to", NOVEMBER]).run().expect_status(0);
    assert_eq!(run_of(lake, "labels_v10", "main").as_deref(), Some(NOVEMBER));

    let columns = [("amount", PrimitiveType::Float), ("place", PrimitiveType::String)];
    create_own_table(&server.store(), &lake.root(), "sales", &columns);
    let changes = "add country varchar; widen amount to double; rename place to town; move country first";
    let altered =
        lake.task("alter-table").args(&["--table", "mine.sales", "--changes", changes]).run().expect_status(0);
    let expected = ["country string", "amount double", "town string"];
    assert_eq!(altered.json()["columns"], Value::from(expected.to_vec()), "{}", altered.stdout);

    upkeep_over_rest(lake);

    // A run that is gone is gone from the tables.
    lake.promote(NOVEMBER).expect_status(0);
    for entry in fs::read_dir(lake.root()).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_str().unwrap().starts_with("active__prev_") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let keep = ["--keep", "1", "--open-hours", "0", "--dry-run", "false"];
    lake.task("prune-runs").args(&keep).run().expect_status(0);
    assert_eq!(history(lake, "releases_v6")["snapshots"].as_array().map(Vec::len), Some(1));
    lake.expect_nothing_staged();
}

/// Compacts a table of people's own, expires its snapshots and removes their files, over REST.
fn upkeep_over_rest(lake: &TestLake) {
    for call in 0..3 {
        let input = lake.write("prices.csv", format!("id,price\n{call},1\n{},2\n", call + 10));
        let from = ["--table", "mine.prices", "--from", input.to_str().unwrap(), "--key", "id"];
        lake.task("upsert-table").args(&from).run().expect_status(0);
    }
    let rows = || super::views::rows(lake, "FROM mine.prices ORDER BY ALL", &[]);
    let before = rows();
    assert_eq!(before.len(), 6);
    let keep = ["--tables", "mine.prices", "--keep-snapshots", "1", "--keep-days", "0", "--dry-run", "false"];
    let done = lake.task("maintain-tables").args(&keep).run().expect_status(0).json();
    assert!(done["metrics"]["rewritten_files"].as_u64().unwrap() > 1, "{done}");
    assert!(done["metrics"]["expired_snapshots"].as_u64().unwrap() > 1, "{done}");
    assert_eq!(fs::read_dir(lake.path("_tables/mine/prices/data")).unwrap().count(), 1);
    assert_eq!(rows(), before);
    let sizes = "SELECT s.rows, s.files, count(*) FROM table_sizes AS s JOIN table_snapshots AS t USING (layer, table_name) \
                 WHERE layer = 'mine' AND table_name = 'prices' GROUP BY ALL";
    assert_eq!(super::views::rows(lake, sizes, &[]), ["6,1,1"]);
    lake.task("maintain-tables").args(&keep).run().expect_status(0).expect_result("already_done");
}

#[test]
fn a_catalog_moves_to_rest_and_back_with_its_history_and_is_rebuilt_there() {
    let Some(server) = fixture() else { return };
    let (lake, runs) = sealed_lake();
    moved(&lake, runs, &server);
}

/// Moves the catalog of a lake with three sealed runs to a server, rebuilds it there, and moves it back.
pub fn moved(lake: &TestLake, [first, second, third]: [&str; 3], server: &dyn Rest) {
    for run in [first, second] {
        super::stage(lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let sqlite = lake_catalog::Store::Sqlite(lake.root().join("_meta/catalog.sqlite"));
    create_own_table(&sqlite, &lake.root(), "names", &[("id", PrimitiveType::Int)]);
    let state = || {
        let of = |table: &str| {
            let found = history(lake, table);
            (found["snapshots"].clone(), found["metadata_location"].clone())
        };
        (of("releases_v6"), of("mine.names"))
    };
    let before = state();
    let move_to = |to: &str| lake.task("move-catalog").args(&["--to", to]).run();
    move_to("https://lake:x@host/").expect_status(2).expect_stderr("holds a password");
    move_to("https://host/?token=x").expect_status(2).expect_stderr("nothing but ?warehouse=NAME");
    move_to("http://127.0.0.1:1/").expect_status(6);
    assert_eq!(state(), before);

    move_to(&server.url()).expect_status(0).expect_result("done");
    move_to(&server.url()).expect_status(0).expect_result("already_done");
    assert!(!lake.root().join("_meta/catalog.sqlite").exists());
    assert_eq!(state(), before);
    lake.promote(third).expect_status(0);
    assert_eq!(run_of(lake, "releases_v6", "main").as_deref(), Some(third));

    // Another lake is refused.
    let (other, [run, ..]) = sealed_lake();
    stage_at(&other, &server.url(), run).expect_status(2).expect_stderr("is of the lake at");
    assert!(!other.root().join("_meta/catalog.json").exists());

    let before = state();
    Catalog::clear(&server.store()).unwrap();
    lake.task("table-history").run().expect_status(2);
    lake.task("rebuild-catalog").run().expect_status(0);
    assert_eq!(run_of(lake, "releases_v6", "main").as_deref(), Some(third));
    assert_eq!(run_of(lake, "releases_v6", &format!("run_{first}")).as_deref(), Some(first));
    assert_eq!(state().1, before.1, "a table of people's own is as it was");

    let before = state();
    move_to("sqlite").expect_status(0).expect_result("done");
    move_to("sqlite").expect_status(0).expect_result("already_done");
    assert!(!lake.root().join("_meta/catalog.json").exists());
    assert_eq!(state(), before);
    let named = ["silver.releases_v6", "mine.names"].map(|name| name.split_once('.').unwrap());
    let mut catalog = server.catalog(&other, Access::Write);
    for (namespace, name) in named {
        let left = catalog.find(&TableName::new(namespace, name)).unwrap();
        assert!(left.is_none(), "the old catalog shows no table any more");
    }
    lake.task("rollback").run().expect_status(0);
    assert_eq!(run_of(lake, "releases_v6", "main").as_deref(), Some(second));
    lake.expect_nothing_staged();
}

/// Another writer commits between the reading and the commit: the table is named, and none has changed.
#[test]
fn a_stale_commit_names_the_table_and_changes_none() {
    let Some(server) = fixture() else { return };
    let (lake, [first, ..]) = sealed_lake();
    stale(&lake, first, &server);
}

/// Commits to a table of a staged run, and then to all of them on the state before.
pub fn stale(lake: &TestLake, first: &str, server: &dyn Rest) {
    stage_at(lake, &server.url(), first).expect_status(0);
    let mut catalog = server.catalog(lake, Access::Write);
    let tables = catalog.load_all().unwrap();
    let at = Catalog::next_time(&tables);
    let published = |table: &lake_catalog::Table| {
        let mut change = TableChange::of(table);
        change.set_main(table.ref_id(&format!("run_{first}")).unwrap(), 0).unwrap();
        change
    };
    let overtaken = tables.iter().find(|table| table.name().name == "labels_v10").unwrap();
    catalog.commit(vec![published(overtaken)], at).unwrap();
    let changes = tables.iter().map(|table| {
        let mut change = published(table);
        change.set_tag("task", table.ref_id(&format!("run_{first}")).unwrap()).unwrap();
        change
    });
    let changes = changes.collect();
    match catalog.commit(changes, at) {
        Err(lake_catalog::Error::Conflict(table)) => assert_eq!(table.to_string(), "silver.labels_v10"),
        other => panic!("{other:?}"),
    }
    let found = catalog.load_all().unwrap();
    let changed = found.iter().filter(|table| table.ref_id("main").is_some() || table.ref_id("task").is_some());
    let changed: Vec<_> = changed.map(|table| table.name().to_string()).collect();
    assert_eq!(changed, ["silver.labels_v10"], "nothing but the other writer's commit");
}
