//! Iceberg tables in the warehouse: staged over the uploaded files, published, rolled back, pruned, rebuilt, and read.

use std::fs;

use serde_json::Value;

use super::relay::{Act, Relay};
use super::server::{KEY, SECRET, Server, WAREHOUSE, at};
use super::{NEXT, lake, large_file, named, promote, servers, upload};
use crate::support::{Finished, RUN, TestCommand, TestLake, eventually};

/// A query whose result differs between any two states of a run's tables.
const SUMS: &str = "SELECT count(*), sum(hash(title)::HUGEINT), min(release_id), max(country) FROM releases_ref_v6";

/// Adds a run to the tables in the warehouse, with the catalog in SQLite.
pub fn stage(lake: &TestLake, run: &str, endpoint: &str) -> Finished {
    let mut command = lake.call("stage-tables", &["--run-id", run, "--allow-local-catalog=true"]);
    at(&mut command, endpoint).run()
}

/// Adds the credentials alone, as the lake has the rest on record.
pub fn logged_in(command: &mut TestCommand) -> &mut TestCommand {
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET)
}

/// A lake whose tables lie in the warehouse: both runs are there, the first one is published.
fn published(server: &Server) -> TestLake {
    let lake = lake();
    for run in [RUN, NEXT] {
        upload(&lake, run, &server.url()).expect_status(0);
        stage(&lake, run, &server.url()).expect_status(0);
    }
    promote(&lake, RUN, &server.url()).expect_status(0);
    lake
}

fn history(lake: &TestLake, table: &str) -> Value {
    logged_in(&mut lake.call("table-history", &["--table", table])).run().expect_status(0).json()
}

/// The run that a ref of a table names.
fn run_of(lake: &TestLake, table: &str, reference: &str) -> Option<String> {
    let history = history(lake, table);
    let names = |snapshot: &&Value| snapshot["refs"].as_array().unwrap().iter().any(|name| name == reference);
    let found = history["snapshots"].as_array().unwrap().iter().find(names)?;
    Some(found["run_id"].as_str().unwrap().to_owned())
}

/// The server that is not s3s-fs, to which the stack's Trino and most tests speak.
fn of_others() -> Option<(&'static str, Server)> {
    Some(("s3mock", Server::s3mock()?))
}

/// The first row of a query.
fn row(lake: &TestLake, sql: &str, arguments: &[&str]) -> String {
    let mut query = lake.call("query", &["--sql", sql, "--format", "csv"]);
    let finished = logged_in(&mut query).args(arguments).run().expect_status(0);
    finished.stdout.lines().nth(1).unwrap().to_owned()
}

/// The paths of the files of a table as the catalog names them.
fn files(lake: &TestLake, run: &str) -> String {
    let sql = "SELECT string_agg(path, ' ' ORDER BY path) FROM table_files WHERE table_name = 'releases_v6'";
    row(lake, sql, &["--run-id", run])
}

#[test]
fn snapshots_name_the_uploaded_files_and_move_with_the_pointers() {
    if let Some((name, server)) = of_others() {
        let lake = lake();
        let missing = stage(&lake, RUN, &server.url()).expect_status(5);
        missing.expect_one_line(&["is not whole in s3://lake/discogs", "upload-run --run-id"]);
        for run in [RUN, NEXT] {
            upload(&lake, run, &server.url()).expect_status(0);
        }
        stage(&lake, RUN, &server.url()).expect_status(0).expect_result("done");
        stage(&lake, RUN, &server.url()).expect_status(0).expect_result("already_done");
        assert!(!lake.path("_tables").exists(), "{name}: metadata is in the warehouse alone");
        let metadata = server.keys("discogs/_tables/silver/releases_v6/metadata/");
        assert!(metadata.iter().any(|key| key.ends_with(".metadata.json")), "{name}: {metadata:?}");
        let record = fs::read_to_string(lake.path("_meta/warehouse.json")).unwrap();
        assert!(record.contains(WAREHOUSE) && !record.contains(KEY) && !record.contains(SECRET), "{name}: {record}");

        // The warehouse is on record, so later calls need the login alone.
        let arguments = ["--run-id", RUN, "--run-mode", "prod", "--allow-promote", "true"];
        logged_in(&mut lake.call("promote", &arguments)).run().expect_status(0);
        assert_eq!((named(&server).as_deref(), lake.active().as_deref()), (Some(RUN), Some(RUN)), "{name}");
        assert_eq!(files(&lake, RUN), format!("{WAREHOUSE}/_runs/{RUN}/releases_v6/part-{RUN}-00000.parquet"));
        logged_in(&mut lake.call("stage-tables", &["--run-id", NEXT])).run().expect_status(0);
        promote(&lake, NEXT, &server.url()).expect_status(0);
        assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(NEXT), "{name}");
        logged_in(&mut lake.task("rollback")).run().expect_status(0);
        assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(RUN), "{name}");
        assert_eq!(named(&server).as_deref(), Some(RUN), "{name}");
        lake.expect_nothing_staged();
    }
}

#[test]
fn a_catalog_of_one_machine_another_warehouse_and_local_tables_are_refused_with_one_line() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    upload(&lake, RUN, &server.url()).expect_status(0);
    let sqlite = at(&mut lake.call("stage-tables", &["--run-id", RUN]), &server.url()).run().expect_status(2);
    sqlite.expect_one_line(&["SQLite is a file of this machine", "--allow-local-catalog=true"]);
    assert!(!lake.path("_meta/catalog.sqlite").exists() && !lake.path("_meta/warehouse.json").exists());

    // Nothing is recorded by a dry run.
    let mut dry = lake.call("stage-tables", &["--run-id", RUN, "--dry-run=true", "--allow-local-catalog=true"]);
    at(&mut dry, &server.url()).run().expect_status(0).expect_result("skipped");
    assert!(!lake.path("_meta/warehouse.json").exists() && server.keys("discogs/_tables/").is_empty());

    lake.call("stage-tables", &["--run-id", RUN]).run().expect_status(0);
    let local = stage(&lake, RUN, &server.url()).expect_status(2);
    local.expect_one_line(&["the tables of runs lie in", "rebuild-catalog --lake"]);
    assert!(!lake.path("_meta/warehouse.json").exists());

    let mut rebuild = lake.call("rebuild-catalog", &[]);
    at(&mut rebuild, &server.url()).run().expect_status(2).expect_one_line(&["SQLite is a file of this machine"]);
    let rebuild = || {
        let mut rebuild = lake.call("rebuild-catalog", &["--allow-local-catalog=true"]);
        at(&mut rebuild, &server.url()).run()
    };
    // The second run is sealed here and not there.
    rebuild().expect_status(5).expect_one_line(&[NEXT, "is not whole in"]);
    upload(&lake, NEXT, &server.url()).expect_status(0);
    rebuild().expect_status(0);
    assert!(!lake.path("_tables/silver/releases_v6/metadata").exists());
    assert!(files(&lake, NEXT).starts_with(WAREHOUSE));

    for task in ["stage-tables", "upload-run", "promote"] {
        let mut command = lake.call(task, &["--run-id", RUN, "--warehouse", "s3://lake/other"]);
        command.args(if task == "promote" { &["--run-mode", "prod", "--allow-promote", "true"] } else { &[] });
        let refused = logged_in(&mut command).run().expect_status(2);
        refused.expect_one_line(&["the lake's warehouse is s3://lake/discogs, not s3://lake/other"]);
    }
    let back = logged_in(&mut lake.call("move-catalog", &["--to", "sqlite"])).run().expect_status(2);
    back.expect_one_line(&["SQLite is a file of this machine"]);
}

#[test]
fn runs_that_were_pruned_here_stay_readable_there_until_they_are_pruned_there() {
    if let Some((name, server)) = Server::s3s().map(|server| ("s3s-fs", server)) {
        let lake = published(&server);
        promote(&lake, NEXT, &server.url()).expect_status(0);
        lake.remove_previous_links();
        let before = row(&lake, SUMS, &["--run-id", RUN]);
        assert_eq!(row(&lake, SUMS, &["--run-id", RUN, "--from-warehouse=true"]), before, "{name}");
        let prune = |more: &[&str]| {
            let mut command = lake.call("prune-runs", &["--keep", "1", "--dry-run=false"]);
            logged_in(&mut command).args(more).run().expect_status(0)
        };
        prune(&[]);
        assert!(!lake.run(RUN).exists(), "{name}");
        assert_eq!(run_of(&lake, "releases_v6", &format!("run_{RUN}")).as_deref(), Some(RUN), "{name}");
        for arguments in [["--run-id", RUN], ["--as-of", RUN]] {
            assert_eq!(row(&lake, SUMS, &arguments), before, "{name}: {arguments:?}");
        }
        // A run that the lake has is read here, and the whole statement is about one run.
        assert_eq!(row(&lake, SUMS, &["--as-of", NEXT]), row(&lake, SUMS, &[]), "{name}");

        // A catalog that was lost is made again from the runs here and there.
        fs::remove_file(lake.path("_meta/catalog.sqlite")).unwrap();
        let refused = logged_in(&mut lake.task("rebuild-catalog")).run().expect_status(0);
        assert_eq!(refused.json()["metrics"]["runs"], 2, "{name}");
        assert_eq!(row(&lake, SUMS, &["--as-of", RUN]), before, "{name}");
        assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(NEXT), "{name}");

        prune(&["--keep-in-warehouse", "1", "--open-hours", "0"]);
        assert_eq!(run_of(&lake, "releases_v6", &format!("run_{RUN}")), None, "{name}");
        assert!(server.keys(&format!("discogs/_runs/{RUN}/")).is_empty(), "{name}");
        let gone = logged_in(&mut lake.call("query", &["--sql", SUMS, "--run-id", RUN])).run();
        gone.expect_one_line(&["is not whole in"]);
    }
}

/// A tag of people's own keeps a run there as it does in a lake.
#[test]
fn a_snapshot_that_main_names_keeps_its_run_there() {
    let Some(server) = Server::s3s() else { return };
    let lake = published(&server);
    let back = ["--table", "releases_v6", "--to", &format!("run_{NEXT}")];
    logged_in(&mut lake.call("rollback-table", &back)).run().expect_status(0);
    let arguments = ["--keep", "3", "--keep-in-warehouse", "1", "--open-hours", "0"];
    let plan = logged_in(&mut lake.call("prune-runs", &arguments)).run().expect_status(0).json();
    for run in plan["runs_in_warehouse"].as_array().unwrap() {
        assert!(run["kept"].is_string(), "{run}");
    }
}

/// A query reads the footers and the columns that it names, not whole files.
#[test]
fn a_query_reads_ranges_and_nothing_else() {
    for (name, server) in servers() {
        let lake = lake();
        upload(&lake, RUN, &server.url()).expect_status(0);
        promote(&lake, RUN, &server.url()).expect_status(0);
        let relay = Relay::before(server.port, |_| Act::Pass);
        let sql = "SELECT count(*), max(instance_id) FROM collection";
        let mut query = lake.call("query", &["--sql", sql, "--format", "csv", "--from-warehouse=true"]);
        let found = at(&mut query, &relay.url()).run().expect_status(0);
        assert_eq!(found.stdout.lines().nth(1), Some("4000,3999"), "{name}");
        let object = format!("/lake/discogs/_runs/{RUN}/{}", large_file(RUN));
        let read = relay.answered(&object);
        let size = fs::metadata(lake.run(RUN).join(large_file(RUN))).unwrap().len();
        assert!(read > 0 && read * 10 < size, "{name}: {read} of {size} bytes were read");
        for seen in relay.seen() {
            let is_small = seen.target.contains("active.json") || seen.target.contains("_manifest.json");
            assert!(is_small || seen.target.starts_with(&object), "{name}: {seen:?}");
        }
    }
}

#[test]
fn the_sandbox_allows_the_objects_of_the_run_alone_and_tells_no_secret() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    for run in [RUN, NEXT] {
        upload(&lake, run, &server.url()).expect_status(0);
    }
    let other = format!("s3://lake/discogs/_runs/{NEXT}/releases_v6/part-{NEXT}-00000.parquet");
    let query = |sql: &str| {
        let mut command = lake.call("query", &["--run-id", RUN, "--from-warehouse=true", "--sql", sql]);
        at(&mut command, &server.url()).run()
    };
    query("SELECT count(*) FROM releases_v6").expect_status(0);
    for sql in [
        format!("FROM read_parquet('{other}')"),
        format!("FROM read_parquet('s3://lake/discogs/_runs/{RUN}/../{NEXT}/releases_v6/part-{NEXT}-00000.parquet')"),
        "FROM read_text('s3://lake/discogs/active.json')".to_owned(),
        "FROM glob('s3://lake/**')".to_owned(),
        "FROM read_csv('https://example.org/x.csv')".to_owned(),
        "FROM duckdb_secrets()".to_owned(),
    ] {
        let refused = query(&sql).expect_status(2);
        for text in [&refused.stdout, &refused.stderr] {
            assert!(!text.contains(SECRET), "{sql}: {text}");
        }
    }
    let settings = query("SELECT string_agg(value, ' ') FROM duckdb_settings()").expect_status(0);
    assert!(!settings.stderr.contains(SECRET) && !settings.stdout.contains(SECRET));
    let mut wrong = lake.call("query", &["--run-id", RUN, "--from-warehouse=true", "--sql", "SELECT 1"]);
    let wrong = at(&mut wrong, &server.url()).args(&["--httpfs", "/nowhere/httpfs.duckdb_extension"]).run();
    wrong.expect_status(2).expect_one_line(&["DuckDB cannot load /nowhere/httpfs.duckdb_extension"]);
}

/// Faults at every kind of request of a staging: one line, nothing in the catalog, and the next call completes it.
#[test]
fn a_staging_whose_server_fails_is_completed_by_the_next() {
    let Some(server) = Server::s3s() else { return };
    for (act, status) in [(Act::Status(403, "", "AccessDenied"), 6), (Act::CutBehind, 6)] {
        let lake = lake();
        upload(&lake, RUN, &server.url()).expect_status(0);
        for first in [3, 40] {
            let chosen = act.clone();
            let relay =
                Relay::before(server.port, move |seen| if seen.number >= first { chosen.clone() } else { Act::Pass });
            let mut command = lake.call("stage-tables", &["--run-id", RUN, "--allow-local-catalog=true"]);
            // The lake's record has no attempts, so these are those of a task that has the parameters of the warehouse.
            let failed = at(&mut command, &relay.url()).args(&["--s3-max-attempts", "2"]).run();
            assert_eq!(failed.status, Some(status), "{act:?} from {first}: {}", failed.stderr);
            let last = failed.stderr.lines().last().unwrap_or_default();
            assert!(last.contains("s3://lake/discogs"), "{act:?} from {first}: {last}");
            assert!(!failed.stderr.contains(SECRET), "{act:?}");
        }
        stage(&lake, RUN, &server.url()).expect_status(0);
        assert_eq!(run_of(&lake, "releases_v6", &format!("run_{RUN}")).as_deref(), Some(RUN));
        // What the failed calls wrote is gone: each file is of the last session.
        let keys = server.keys("discogs/_tables/silver/releases_v6/metadata/");
        assert_eq!(keys.len(), 3, "{act:?}: {keys:?}");
        let bucket = server.bucket("");
        for key in server.keys("discogs/") {
            bucket.delete(&key).unwrap();
        }
    }
}

/// A task that is killed at a request leaves the tables before or after its commit; the next one removes what it wrote.
#[test]
fn a_staging_and_a_promotion_that_are_killed_at_a_request_are_completed() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    upload(&lake, RUN, &server.url()).expect_status(0);
    let kill_at = |number: usize, act: Act, task: &str, arguments: &[&str]| {
        let relay = Relay::before(server.port, move |seen| match seen.number == number {
            true => act.clone(),
            false => Act::Pass,
        });
        let mut command = lake.call(task, arguments);
        let mut child = at(&mut command, &relay.url()).spawn();
        eventually("a request is held", || relay.is_held());
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let arguments = ["--run-id", RUN, "--allow-local-catalog=true"];
    for (number, act) in [(2, Act::HoldBefore), (9, Act::HoldBehind), (70, Act::HoldBefore)] {
        kill_at(number, act, "stage-tables", &arguments);
    }
    stage(&lake, RUN, &server.url()).expect_status(0);
    let keys = server.keys("discogs/_tables/silver/releases_v6/metadata/");
    assert_eq!(keys.len(), 3, "{keys:?}");
    let arguments = ["--run-id", RUN, "--run-mode", "prod", "--allow-promote", "true"];
    for (number, act) in [(50, Act::HoldBefore), (60, Act::HoldBehind)] {
        kill_at(number, act, "promote", &arguments);
        assert!(lake.active().is_none());
    }
    promote(&lake, RUN, &server.url()).expect_status(0);
    assert_eq!((lake.active().as_deref(), named(&server).as_deref()), (Some(RUN), Some(RUN)));
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(RUN));
    lake.expect_nothing_staged();
    let arguments = ["--tables", "silver.releases_v6", "--unnamed-hours", "0", "--dry-run=false"];
    let mut maintain = lake.call("maintain-tables", &arguments);
    let maintained = logged_in(&mut maintain).run().expect_status(0).json();
    assert_eq!(maintained["metrics"]["removed_files"], 0, "{maintained}");
}

/// pyiceberg and DuckDB's iceberg extension read every table over S3, with the sums of the local files.
#[test]
fn other_readers_read_the_same_sums_over_s3() {
    let python = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/iceberg/bin/python");
    if !python.is_file() {
        return crate::support::skipped("pyiceberg is missing (scripts/setup-test-tools)");
    }
    if let Some((name, server)) = of_others() {
        let lake = published(&server);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/store/readers.py");
        let endpoint = server.url();
        let mut command = TestCommand::new(&python, &lake.root());
        command.args(&[script, lake.root().to_str().unwrap(), RUN, &endpoint]);
        // s3mock sends the checksum of the whole object with a range of it.
        command.env("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required");
        let read = logged_in(&mut command).run();
        assert_eq!(read.status, Some(0), "{name}: {}\n{}", read.stdout, read.stderr);
        assert!(read.stdout.contains("tables"), "{name}: {}", read.stdout);
    }
}
