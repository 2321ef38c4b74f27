//! `lakeshell`: commands with `-c`, from pipes, and typed into a terminal.

mod commands;
mod documentation;
mod exports;
mod prompt;
mod scripts;
mod server;
mod terminal;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Dir, Finished, RUN, TestCommand, TestLake, sealed_lake};

/// The run that is staged beside the published one.
const NEXT: &str = "2026-11__20261121_000000";

/// Copies a lake with two runs, stages both, and publishes the first.
fn published(lake: TestLake) -> TestLake {
    let (sealed, _) = sealed_lake();
    assert!(Command::new("cp").arg("-a").arg(sealed.root()).arg(lake.root()).status().unwrap().success());
    for run in [RUN, NEXT] {
        lake.call("stage-tables", &["--run-id", run]).run().expect_status(0);
    }
    lake.promote(RUN).expect_status(0);
    lake
}

/// A lake with two runs in its catalog, of which the first is published. Made once, for tests that change nothing.
fn lake() -> &'static TestLake {
    static LAKE: OnceLock<TestLake> = OnceLock::new();
    LAKE.get_or_init(|| published(TestLake::of(Dir::shared())))
}

/// A lake without runs.
fn empty() -> TestLake {
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root()).unwrap();
    lake
}

/// Commands of the shell on a lake.
fn shell(lake: &TestLake, commands: &str) -> TestCommand {
    lake.call("lakeshell", &["-c", commands])
}

/// Runs commands on a lake that succeed.
#[track_caller]
fn run(lake: &TestLake, commands: &str) -> Finished {
    shell(lake, commands).run().expect_status(0)
}

/// Runs commands that succeed, and returns what they write to stdout as CSV.
#[track_caller]
fn csv(lake: &TestLake, commands: &str) -> String {
    shell(lake, commands).args(&["--format", "csv"]).run().expect_status(0).stdout
}

/// A file of listings beside the lake.
fn inventory(lake: &TestLake, name: &str, rows: &str) -> String {
    lake.write(name, format!("listing_id,title,price\n{rows}")).to_str().unwrap().to_owned()
}

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder for the state of a user, so that tests leave the history of the person who runs them alone.
fn state() -> Dir {
    Dir::new()
}
