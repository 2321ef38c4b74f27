//! `digdag/upsert.dig`, run as people run it, with the programs on PATH.

use std::path::Path;

use super::Own;
use crate::lakehouse::path_with_binaries;
use crate::support::{Dir, Finished};

/// Runs the workflow in a session of its own with these parameters.
fn run(own: &Own, parameters: &[&str]) -> Finished {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    let arguments = ["--project", project.to_str().unwrap(), "upsert.dig", "--no-save", "--session", "daily"];
    let lake = format!("lake={}", own.0.root().display());
    let dir = Dir::new();
    let mut command = dir.run_workflow(&arguments);
    for parameter in [&["verbose=true", "table=mine.inventory", lake.as_str()][..], parameters].concat() {
        command.args(&["-p", parameter]);
    }
    command.env("PATH", path_with_binaries()).run()
}

#[test]
fn the_workflow_upserts_a_file_once_and_takes_the_parameters_of_the_task() {
    let own = Own::new();
    let file = own.0.write("inventory.csv", "Listing ID,Price\n1,5\n2,6\n");
    let from = format!("from={}", file.display());
    run(&own, &[&from, "key=listing_id", "declare=price=decimal(9,2)"]).expect_status(0).expect_stderr("2 inserted");
    run(&own, &[&from]).expect_status(0).expect_stderr("already_done");
    assert_eq!(own.inventory(), ["1,5.00", "2,6.00"]);
    let gone = own.0.write("gone.csv", "listing_id\n2\n");
    run(&own, &[&format!("from={}", gone.display()), "mode=delete"]).expect_status(0);
    assert_eq!(own.inventory(), ["1,5.00"]);
    run(&own, &["from=missing.csv"]).expect_status(1).expect_stderr("missing.csv");
}
