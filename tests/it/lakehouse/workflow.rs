//! The workflows of `digdag/`, run as people run them, with the binaries on PATH.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::support::{Dir, TestCommand, binary};

/// `digdag/` of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag")
}

pub const SESSION: &str = "2026-11-20 00:00:00";

/// `run-workflow` on a workflow of the project; what sessions remember is kept in the test's folder.
pub fn run_workflow(dir: &Dir, workflow: &str) -> TestCommand {
    let mut command = dir.command(binary("run-workflow"));
    command.env("PATH", path_with_binaries());
    command.args(&["--project", project().to_str().unwrap(), workflow, "--session", SESSION]);
    command.args(&["--save", dir.path("status").to_str().unwrap()]);
    command
}

pub fn path_with_binaries() -> OsString {
    let binaries = binary("run-workflow").parent().unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths([binaries].into_iter().chain(std::env::split_paths(&rest))).unwrap()
}
