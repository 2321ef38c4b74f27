//! Digdag task: tries the whole path on the first records of each dump.

use std::process::ExitCode;

use clap::Parser;
use discogs_lakehouse::commands::{self, TrialParameters, test_dumps};

/// Tries the whole path on the first records of each dump
///
/// With do_xml_tests=true: takes the first records of the dumps that preflight found for the run, ingests them into a lake
/// of their own in <lake>/_tmp_test/<run_id>/, builds the warehouse and runs the checks of the environment sample. Minutes,
/// where the run takes hours; the run itself is not touched. Exit status as the task that failed.
#[derive(Parser)]
#[command(name = "test-dumps", version, after_help = EXAMPLE)]
struct TestDumps {
    #[command(flatten)]
    parameters: TrialParameters,
}

const EXAMPLE: &str = "\
Example:
  test-dumps --lake /data/lake --run-id 2026-11__20261120_000000 --do-xml-tests=true --xml-test-records 5000";

fn main() -> ExitCode {
    commands::main(|task: TestDumps, call| test_dumps(task.parameters, call))
}
