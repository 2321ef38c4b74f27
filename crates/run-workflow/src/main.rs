//! Runs a Digdag workflow without Java: `run-workflow main.dig --session "$(date -u '+%F %T')" -p dump_month=2026-11`.
//!
//! It takes the options of `digdag run`, and behaves as Digdag does for the part of its language that the workflows of
//! this project use. It is neither a scheduler nor a server.

use std::process::ExitCode;

fn main() -> ExitCode {
    run_workflow::main(std::env::args_os())
}
