//! Tasks over a catalog on a REST server, killed at a few of their calls: `main` of all tables is one run, a tag is in all
//! or in none, and the next call ends what was begun. Tasks that register and drop tables one by one are killed between
//! these requests too.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use lake_catalog::{Access, Catalog};
use serde_json::Value;

use crate::faults::invariants;
use crate::faults::lake::{RUNS, Stage};
use crate::faults::sample::few;
use crate::faults::trace::{Call, available, run_with_fault, sending_calls, writing_calls};
use crate::iceberg::rest::fixture::{Fixture, Rest, fixture};
use crate::support::TestLake;

/// How often a task is killed, unless it is at all calls: each time costs a lake of its own on the server.
const KILLS: usize = 2;

const PROMOTE: [&str; 5] = ["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"];

/// A lake whose tables are on the server, which is that of one lake. Two runs are staged, and one of them is published.
fn lake(server: &Fixture) -> TestLake {
    Catalog::clear(&server.store()).unwrap();
    let lake = TestLake::at(Stage::Published);
    lake.stage(&["--catalog", &server.url()]);
    lake
}

/// Kills a task before a few of its calls. `published` are the runs that it may leave published, the last of them at its
/// end.
fn at_few_calls(server: &Fixture, task: &str, arguments: &[&str], published: &[&str]) {
    let actives: Vec<_> = published.iter().map(|run| Some(*run)).collect();
    let calls = writing_calls(&lake(server).call(task, arguments));
    let total = calls.len();
    let calls = few(calls, KILLS);
    eprintln!("{task} over REST: killed at {} of {total} calls", calls.len());
    for call in calls {
        let when = format!("{task} killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = lake(server);
        let mut command = lake.call(task, arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let hold = |when: &str| {
            invariants::hold(&lake.root(), &actives, when);
            let broken = invariants::tables_of(&mut server.catalog(&lake, Access::Read));
            assert!(broken.is_empty(), "{when}:\n{}", broken.join("\n"));
        };
        hold(&when);
        let again = command.run();
        assert_eq!(again.status, Some(0), "{when}; run again: {}", again.stderr);
        hold(&format!("{when}; run again"));
        assert_eq!(lake.active().as_deref(), published.last().copied(), "{when}");
        let mut catalog = server.catalog(&lake, Access::Write);
        for table in catalog.load_all().unwrap() {
            let main = table.snapshot_of("main").unwrap();
            let run = main.summary().additional_properties["discogs.run-id"].as_str();
            assert_eq!(Some(run), published.last().copied(), "{when}: {}", table.name());
            assert_eq!(catalog.remove_unnamed(&table).unwrap(), 0, "{when}: orphans of {}", table.name());
        }
        assert!(!lake.path("_meta/session.json").exists() && !lake.path("_meta/publication.json").exists(), "{when}");
    }
}

#[test]
fn stage_and_promote() {
    if !available() {
        return;
    }
    let Some(server) = fixture() else { return };
    at_few_calls(&server, "stage-tables", &["--run-id", RUNS[3]], &[RUNS[2]]);
    at_few_calls(&server, "promote", &PROMOTE, &[RUNS[2], RUNS[4]]);
    at_few_calls(&server, "rebuild-catalog", &[], &[RUNS[2]]);
}

/// The first staged run: the tables are created one by one, empty, before their snapshots come in one commit.
#[test]
fn the_first_run() {
    if !available() {
        return;
    }
    let Some(server) = fixture() else { return };
    let arguments = ["--run-id", RUNS[2], "--catalog", &server.url()];
    let begun = || {
        Catalog::clear(&server.store()).unwrap();
        TestLake::at(Stage::Published)
    };
    for call in few(writing_calls(&begun().call("stage-tables", &arguments)), KILLS) {
        let when = format!("stage-tables killed before {} number {}, {}", call.name, call.number, call.text);
        let lake = begun();
        let mut command = lake.call("stage-tables", &arguments);
        run_with_fault(&command, &call, "signal=KILL", Path::new("/dev/null"), "");
        let again = command.run();
        assert_eq!(again.status, Some(0), "{when}; run again: {}", again.stderr);
        let mut catalog = server.catalog(&lake, Access::Read);
        let broken = invariants::tables_of(&mut catalog);
        assert!(broken.is_empty(), "{when}:\n{}", broken.join("\n"));
        let tables = catalog.load_all().unwrap();
        assert_eq!(tables.len(), 37, "{when}");
        for table in tables {
            assert!(table.ref_id(&format!("run_{}", RUNS[2])).is_some(), "{when}: {}", table.name());
            assert_eq!(catalog.remove_unnamed(&table).unwrap(), 0, "{when}: orphans of {}", table.name());
        }
    }
}

/// The tables of a lake with their metadata files, as table-history lists them.
fn tables(lake: &TestLake, when: &str) -> Value {
    let listed = lake.call("table-history", &[]).run();
    assert_eq!(listed.status, Some(0), "{when}: {}", listed.stderr);
    listed.json()["tables"].clone()
}

/// A lake with tables of a run and a table of people's own, on the server.
fn moved(server: &Fixture) -> TestLake {
    Catalog::clear(&server.store()).unwrap();
    let lake = TestLake::at(Stage::Own);
    lake.call("move-catalog", &["--to", &server.url()]).run().expect_status(0);
    lake
}

/// Kills a task before it sends a few of its requests.
fn killed(
    calls: &[Call],
    count: usize,
    fresh: impl Fn() -> TestLake,
    task: &str,
    arguments: &[&str],
    then: impl Fn(&TestLake, &Value, &str),
) {
    assert!(calls.len() > 70, "{task} sends {} times", calls.len());
    for call in few(calls.to_vec(), count) {
        let request: String = call.text.chars().take(160).collect();
        let when = format!("{task} killed before {} number {} of {}, {request}", call.name, call.number, calls.len());
        let lake = fresh();
        let before = tables(&lake, &when);
        assert_eq!(before.as_array().map(Vec::len), Some(38), "{when}");
        let killed = run_with_fault(&lake.call(task, arguments), &call, "signal=KILL", Path::new("/dev/null"), "");
        assert_eq!(killed.status.signal(), Some(9), "{when}: it was not");
        then(&lake, &before, &when);
    }
}

#[test]
fn move_catalog_between_single_tables() {
    if !available() {
        return;
    }
    let Some(server) = fixture() else { return };
    let there = ["--to", &server.url()];
    let embedded = || {
        Catalog::clear(&server.store()).unwrap();
        TestLake::at(Stage::Own)
    };
    let moves = |lake: &TestLake, to: &[&str], before: &Value, when: &str| {
        assert_eq!(tables(lake, when), *before, "{when}: one of the two catalogs is whole");
        let again = lake.call("move-catalog", to).run();
        assert_eq!(again.status, Some(0), "{when}; run again: {}", again.stderr);
        assert_eq!(tables(lake, when), *before, "{when}; run again");
        assert_eq!(lake.path("_meta/catalog.sqlite").exists(), to[1] == "sqlite", "{when}");
        let record = std::fs::read_to_string(lake.path("_meta/catalog.json")).unwrap_or_default();
        assert!(!record.contains("left"), "{when}: {record}");
    };
    let calls = sending_calls(&embedded().call("move-catalog", &there));
    killed(&calls, KILLS, embedded, "move-catalog", &there, |lake, before, when| moves(lake, &there, before, when));

    let back = ["--to", "sqlite"];
    let calls = sending_calls(&moved(&server).call("move-catalog", &back));
    killed(
        &calls,
        1,
        || moved(&server),
        "move-catalog",
        &back,
        |lake, before, when| {
            moves(lake, &back, before, when);
            let left = server.catalog(lake, Access::Write).list().unwrap();
            assert!(left.is_empty(), "{when}: the server still has {left:?}");
        },
    );
}

#[test]
fn rebuild_catalog_between_single_tables() {
    if !available() {
        return;
    }
    let Some(server) = fixture() else { return };
    let calls = sending_calls(&moved(&server).call("rebuild-catalog", &[]));
    killed(
        &calls,
        1,
        || moved(&server),
        "rebuild-catalog",
        &[],
        |lake, before, when| {
            let again = lake.call("rebuild-catalog", &[]).run();
            assert_eq!(again.status, Some(0), "{when}; run again: {}", again.stderr);
            assert_eq!(again.json()["left_out"], Value::Array(Vec::new()), "{when}");
            let own = |listed: &Value| {
                let listed = listed.as_array().unwrap();
                listed.iter().find(|table| table["table"] == "mine.names").cloned()
            };
            assert_eq!(own(&tables(lake, when)), own(before), "{when}: a table of people's own is as it was");
            let mut catalog = server.catalog(lake, Access::Write);
            let found = catalog.load_all().unwrap();
            assert_eq!(found.len(), 38, "{when}");
            for table in found {
                let has_runs = RUNS.iter().all(|run| table.ref_id(&format!("run_{run}")).is_some());
                assert_eq!(has_runs, table.name().namespace != "mine", "{when}: {}", table.name());
                assert_eq!(catalog.remove_unnamed(&table).unwrap(), 0, "{when}: orphans of {}", table.name());
            }
            assert!(!lake.path("_meta/session.json").exists(), "{when}");
        },
    );
}
