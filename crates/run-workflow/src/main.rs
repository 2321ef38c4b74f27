//! Runs a Digdag workflow without Java: `run-workflow main.dig --session now -p dump_month=2026-11`.
//!
//! It is called as `digdag run` is, and does what Digdag does with the part of its language that the workflows of
//! this project use (`run_workflow`). It is no scheduler and no server.

use std::process::ExitCode;

fn main() -> ExitCode {
    run_workflow::main(std::env::args_os())
}
