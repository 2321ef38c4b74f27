use std::fs;

use lake_catalog::{Access, Catalog, Store, TableChange};
use serde_json::Value;

use super::{NOVEMBER, OCTOBER, history, releases, run_of, stage, two_months};
use crate::support::{RUN, Snapshot, sealed_lake};

const TABLES: [&str; 3] = ["silver.releases_v6", "gold.artist_name_map_v1", "silver.collection"];

#[test]
fn staging_tags_every_table_and_changes_neither_the_runs_nor_what_readers_get() {
    let (lake, [run, ..]) = sealed_lake();
    let runs = Snapshot::of(&lake.root().join("_runs"));
    let staged = stage(&lake, run).expect_status(0).expect_result("done").json();
    runs.expect_unchanged(&lake.root().join("_runs"));
    let tables = lake.task("table-history").run().expect_status(0).json()["tables"].clone();
    assert_eq!(staged["metrics"]["tables"], tables.as_array().unwrap().len());
    assert_eq!(tables.as_array().unwrap().len(), 37);
    for table in tables.as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        assert_eq!(run_of(&lake, name, &format!("run_{run}")).as_deref(), Some(run), "{name}");
        assert_eq!(run_of(&lake, name, "main"), None, "{name}");
    }
    let metadata = |lake: &crate::support::TestLake| history(lake, "releases_v6")["metadata_location"].clone();
    let before = metadata(&lake);
    stage(&lake, run).expect_status(0).expect_result("already_done");
    assert_eq!(metadata(&lake), before);
    lake.expect_nothing_staged();
}

#[test]
fn rows_of_a_snapshot_are_those_of_its_run_and_a_missing_collection_is_empty() {
    let (lake, [run, ..]) = sealed_lake();
    stage(&lake, run).expect_status(0);
    let manifest = lake.json(&format!("_runs/{run}/_manifest.json"));
    for dataset in manifest["datasets"].as_array().unwrap() {
        let table = dataset["table"].as_str().unwrap().trim_start_matches("warehouse_discogs/");
        assert_eq!(history(&lake, table)["snapshots"][0]["rows"], dataset["rows"], "{table}");
    }
    assert_eq!(history(&lake, "collection")["snapshots"][0]["rows"], 0);
}

#[test]
fn promote_and_rollback_move_active_and_main_of_every_table() {
    let lake = two_months();
    for run in [OCTOBER, NOVEMBER] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    lake.expect_active(NOVEMBER);
    for table in TABLES {
        assert_eq!(run_of(&lake, table, "main").as_deref(), Some(NOVEMBER), "{table}");
        assert_eq!(run_of(&lake, table, "month_2026-10").as_deref(), Some(OCTOBER), "{table}");
        assert_eq!(run_of(&lake, table, "month_2026-11").as_deref(), Some(NOVEMBER), "{table}");
    }
    lake.task("rollback").run().expect_status(0);
    lake.expect_active(OCTOBER);
    for table in TABLES {
        assert_eq!(run_of(&lake, table, "main").as_deref(), Some(OCTOBER), "{table}");
    }
    assert!(!lake.root().join("_meta/publication.json").exists());
}

#[test]
fn a_run_that_was_never_staged_is_staged_by_its_promotion_once_the_lake_has_tables() {
    let (lake, [first, second, _]) = sealed_lake();
    lake.promote(first).expect_status(0);
    assert!(!lake.root().join("_meta/catalog.sqlite").exists(), "publishing alone makes no catalog");
    stage(&lake, first).expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main"), None);
    lake.promote(first).expect_status(0).expect_result("already_done");
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(first));
    lake.promote(second).expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
}

#[test]
fn a_publication_that_was_killed_is_finished_by_the_next_task_that_publishes() {
    let (lake, [first, second, third]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(first).expect_status(0);
    fs::write(lake.root().join("_meta/publication.json"), format!("{{\"run_id\": \"{second}\"}}")).unwrap();
    stage(&lake, third).expect_status(0);
    lake.expect_active(second);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
    assert!(!lake.root().join("_meta/publication.json").exists());
}

#[test]
fn a_query_reads_the_tables_as_of_a_month_a_run_a_time_or_a_snapshot() {
    let lake = two_months();
    for run in [OCTOBER, NOVEMBER] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let of_run = |run: &str| releases(&lake, &["--run-id", run]);
    let as_of = |when: &str| releases(&lake, &["--as-of", when]);
    assert_ne!(of_run(OCTOBER), of_run(NOVEMBER));
    let snapshots = history(&lake, "releases_v6")["snapshots"].clone();
    let id = |index: usize| snapshots[index]["snapshot_id"].as_str().unwrap().to_owned();
    for (when, run) in [
        ("2026-10", OCTOBER),
        ("2026-11", NOVEMBER),
        (OCTOBER, OCTOBER),
        (NOVEMBER, NOVEMBER),
        (&id(0), OCTOBER),
        (&id(1), NOVEMBER),
        ("2999-01-01", NOVEMBER),
        ("2999-01-01T00:00:00Z", NOVEMBER),
    ] {
        assert_eq!(as_of(when), of_run(run), "{when}");
    }
    for when in ["2026-09", "2001-01-01", "7", "20200101_000000"] {
        let mut query = lake.task("query");
        query.args(&["--sql", "SELECT 1", "--as-of", when]).run().expect_status(2).expect_stderr("does not have");
    }
    // A run that is gone is gone from the tables too.
    lake.remove_previous_links();
    let keep = ["--keep", "1", "--open-hours", "0", "--dry-run", "false"];
    lake.task("prune-runs").args(&keep).run().expect_status(0);
    assert_eq!(history(&lake, "releases_v6")["snapshots"].as_array().map(Vec::len), Some(1));
    assert_eq!(as_of("2026-11"), of_run(NOVEMBER));
    let mut query = lake.task("query");
    query.args(&["--sql", "SELECT 1", "--as-of", "2026-10"]).run().expect_status(2);
}

#[test]
fn one_table_or_all_go_back_to_a_tag_a_time_or_a_snapshot_and_active_stays() {
    let (lake, [first, second, _]) = sealed_lake();
    for run in [first, second] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let snapshots = history(&lake, "labels_v10")["snapshots"].clone();
    let to = |arguments: &[&str]| lake.task("rollback-table").args(arguments).run();
    let main = |table: &str| run_of(&lake, table, "main").unwrap();
    to(&["--table", "labels_v10", "--to", first, "--dry-run", "true"]).expect_status(0).expect_result("skipped");
    assert_eq!(main("labels_v10"), second);
    to(&["--table", "labels_v10", "--to", snapshots[0]["snapshot_id"].as_str().unwrap()]).expect_status(0);
    assert_eq!((main("labels_v10").as_str(), main("releases_v6").as_str()), (first, second));
    let all = to(&["--to", &format!("run_{first}")]).expect_status(0).json();
    assert_eq!(all["metrics"]["tables"], 36);
    to(&["--to", first]).expect_status(0).expect_result("already_done");
    assert_eq!((main("labels_v10").as_str(), main("artist_name_map_v1").as_str()), (first, first));
    lake.expect_active(second);
    for (wrong, says) in [("month_2020-01", "has no tag"), ("2020-01", "has no snapshot"), ("2001-01-01", "has no")] {
        to(&["--to", wrong]).expect_status(2).expect_stderr(says);
    }
    assert_eq!(main("labels_v10"), first, "nothing moves when one table cannot");
}

/// Each promotion writes a metadata file of every table; the catalog keeps the last of them.
#[test]
fn many_promotions_leave_a_bounded_number_of_metadata_files() {
    let (lake, [first, second, _]) = sealed_lake();
    for run in [first, second] {
        stage(&lake, run).expect_status(0);
    }
    let root = fs::canonicalize(lake.root()).unwrap();
    let mut catalog = Catalog::open(&Store::Sqlite(root.join("_meta/catalog.sqlite")), &root, Access::Write).unwrap();
    let mut promote = |run: &str| {
        let tables = catalog.load_all().unwrap();
        let at = Catalog::next_time(&tables);
        let changes = tables.iter().map(|table| {
            let snapshot = table.snapshot_of(&format!("run_{run}")).unwrap();
            let mut change = TableChange::of(table);
            change.set_main(snapshot.snapshot_id(), snapshot.schema_id().unwrap()).unwrap();
            change
        });
        catalog.commit(changes.collect(), at).unwrap();
    };
    let files = || {
        let walk = walkdir::WalkDir::new(root.join("_tables")).into_iter().map(Result::unwrap);
        walk.filter(|entry| entry.file_type().is_file()).count()
    };
    (0..15).for_each(|_| [first, second].into_iter().for_each(&mut promote));
    let after_thirty = files();
    (0..15).for_each(|_| [first, second].into_iter().for_each(&mut promote));
    assert_eq!(files(), after_thirty, "30 promotions and 60 leave as much");
    let folders =
        fs::read_dir(root.join("_tables/silver")).unwrap().map(|table| table.unwrap().path().join("metadata"));
    for folder in folders {
        let names = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let metadata = names.filter(|name| name.ends_with(".metadata.json")).count();
        assert!(metadata <= 21, "{}: {metadata} metadata files, one and 20 before it", folder.display());
    }
    // The next task reads and publishes as ever.
    lake.promote(first).expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(first));
}

#[test]
fn a_lake_without_tables_says_what_to_run() {
    let (lake, _) = sealed_lake();
    let before = lake.snapshot();
    let mut query = lake.task("query");
    query.args(&["--sql", "SELECT 1", "--as-of", "2026-11"]).run().expect_status(2).expect_stderr("stage-tables");
    lake.task("table-history").run().expect_status(2).expect_stderr("stage-tables");
    before.expect_unchanged(&lake.root());
    let none = lake.task("stage-tables").args(&["--run-id", "2026-11__20300101_000000"]).run();
    assert_ne!(none.status, Some(0));
    let open = lake.task("stage-tables").run().expect_status(2).json();
    assert_eq!(open["error"]["class"], Value::from("parameters"));
    assert!(lake.root().join("_runs").join(RUN).is_dir());
}
