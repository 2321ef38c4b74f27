//! strace: lists the calls by which a task changes files, and injects a fault at one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{TestCommand, skipped};

/// Calls that change a file system, by all the names they have on one machine or another.
const WRITING: [&str; 28] = [
    "open",
    "openat",
    "creat",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "truncate",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "syncfs",
];

/// A call of a task, named so that it can be found again in another run of it: what a task does depends on nothing but
/// its input.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    /// From 1, among the calls of this name.
    pub number: usize,
    /// As strace shows it.
    pub text: String,
}

/// A fault in the notation of strace: `signal=KILL`, `error=EIO`.
pub type Fault<'f> = &'f str;

/// Whether faults can be injected here. If they cannot, the test prints that it is skipped, and fails in CI.
pub fn available() -> bool {
    let works = std::process::Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-qq", "-e", "inject=fsync:error=EIO:when=1", "-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        skipped("faults cannot be injected; strace is missing or may not trace (apt-get install strace)");
    }
    works
}

/// Returns the calls by which a task changes files, in order. With one worker thread only the main thread makes such calls,
/// so a call has the same number in each run.
pub fn writing_calls(command: &TestCommand) -> Vec<Call> {
    calls(command, &WRITING, |name, arguments, is_main| {
        let changes = !name.starts_with("open") || arguments.contains("O_CREAT") || arguments.contains("O_TRUNC");
        assert!(is_main || !changes, "another thread than the main one writes: {name}({arguments}");
        changes
    })
}

/// Returns the calls by which a task sends the beginnings of its HTTP requests, in order.
pub fn sending_calls(command: &TestCommand) -> Vec<Call> {
    const BEGINNINGS: [&str; 3] = ["\"GET /", "\"POST /", "\"DELETE /"];
    calls(command, &["sendto"], |_, arguments, _| BEGINNINGS.iter().any(|begins| arguments.contains(begins)))
}

/// Returns the calls of the main thread that are `wanted`: by name and arguments, and whether the main thread makes them.
fn calls(command: &TestCommand, names: &[&str], wanted: impl Fn(&str, &str, bool) -> bool) -> Vec<Call> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let traces: Vec<_> = names.iter().map(|name| format!("?{name}")).collect();
    let output = traced(command, log.path(), &["--seccomp-bpf", "-e", &format!("trace={}", traces.join(","))]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut main = None;
    let mut numbers = BTreeMap::new();
    let mut found = Vec::new();
    for line in fs::read_to_string(log.path()).unwrap().lines() {
        let (thread, text) = line.split_once(' ').unwrap();
        let text = text.trim_start();
        let main = main.get_or_insert_with(|| thread.to_owned());
        let Some((name, arguments)) = text.split_once('(').filter(|_| !text.starts_with(['<', '+', '-'])) else {
            continue;
        };
        let is_wanted = wanted(name, arguments, thread == main);
        if thread != main {
            continue;
        }
        let number = numbers.entry(name.to_owned()).or_insert(0);
        *number += 1;
        if is_wanted {
            found.push(Call { name: name.to_owned(), number: *number, text: text.to_owned() });
        }
    }
    found
}

/// Runs a command with a fault at a call, and logs the calls of the kinds named in `with`.
pub fn run_with_fault(command: &TestCommand, call: &Call, fault: Fault, log: &Path, with: &str) -> Output {
    let (name, number) = (&call.name, call.number);
    let inject = format!("inject={name}:{fault}:when={number}");
    let also = if with.is_empty() { String::new() } else { format!(",{with}") };
    let trace = format!("trace={name}{also}");
    // With --seccomp-bpf, which is faster, strace 6.1 injects no signals.
    let fast: &[&str] = if fault.starts_with("error") { &["--seccomp-bpf"] } else { &[] };
    traced(command, log, &[fast, &["-e", &trace, "-e", &inject]].concat())
}

/// Returns strace on a command that is stopped right after a call until it receives SIGCONT; `log` shows when it has stopped.
pub fn strace_stopping(command: &TestCommand, call: &Call, log: &Path) -> std::process::Command {
    let (trace, inject) =
        (format!("trace={}", call.name), format!("inject={}:signal=STOP:when={}", call.name, call.number));
    let mut strace = command.wrapped_in("strace");
    strace.args(["-f", "-qq", "-o"]).arg(log).args(["-e", &trace, "-e", &inject]);
    command.append_to(&mut strace);
    strace
}

/// Runs a command under strace with these options; `log` gets what it writes.
pub fn traced(command: &TestCommand, log: &Path, options: &[&str]) -> Output {
    let mut strace = command.wrapped_in("strace");
    strace.args(["-f", "-qq", "-y", "-e", "signal=none", "-o"]).arg(log).args(options);
    command.append_to(&mut strace);
    strace.output().unwrap()
}
