//! Tasks over a catalog on a REST server, killed at a few of their calls: `main` of all tables is one run, a tag is in all
//! or in none, and the next call ends what was begun.

use std::path::Path;

use lake_catalog::{Access, Catalog};

use crate::faults::invariants;
use crate::faults::lake::{RUNS, Stage};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::iceberg::rest::fixture::{Fixture, fixture};
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
