use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{empty, inventory, run, shell};
use crate::support::{Dir, Finished, TestLake, binary, signal};

/// Runs the shell with commands on its stdin.
fn piped(lake: &TestLake, commands: &str, arguments: &[&str]) -> Finished {
    let mut command = Command::new(binary("lakeshell"));
    command.env("DISCOGS_DATA_LAKE", lake.root()).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A shell that stops early closes its stdin.
    let _ = child.stdin.take().unwrap().write_all(commands.as_bytes());
    Finished::of(child.wait_with_output().unwrap())
}

#[test]
fn a_script_stops_at_the_first_failed_command_with_its_status() {
    let lake = empty();
    for (commands, status, part) in [
        ("SELECT 1; SELECT x; SELECT 2", 2, "lakeshell: the statement: Binder Error"),
        ("SELECT 1; DROP TABLE x; SELECT 2", 2, "give one SELECT"),
        ("SELECT 1; insert mine.x nothing.csv key=id; SELECT 2", 5, "nothing.csv"),
        ("SELECT 1; history mine.nothing; SELECT 2", 2, "lakeshell: "),
        ("SELECT 1; select 'a; SELECT 2", 2, "a quote is not closed"),
        ("SELECT 1; insert mine.x a.csv lake=/tmp; SELECT 2", 2, "the option lake is not taken here"),
        ("SELECT 1; insert mine.x a.csv kex=id; SELECT 2", 2, "--kex"),
        ("SELECT 1; SELECT error('late'); SELECT 2", 1, "late"),
    ] {
        for finished in [
            shell(&lake, commands).args(&["--format", "csv"]).run(),
            piped(&lake, &commands.replace("; ", ";\n"), &["--format", "csv"]),
        ] {
            let finished = finished.expect_status(status).expect_one_line(&[part]);
            assert_eq!(finished.stdout, "1\n1\n", "{commands}");
        }
    }
    let commands = "SELECT 1; SELECT x; insert mine.x nothing.csv key=id; SELECT 2";
    let finished = shell(&lake, commands).args(&["--format", "csv", "--keep-going"]).run().expect_status(2);
    assert_eq!((finished.stdout.as_str(), finished.stderr.lines().count()), ("1\n1\n2\n2\n", 2));
}

#[test]
fn commands_are_read_from_a_pipe_and_their_lines_may_be_split() {
    let lake = empty();
    let file = inventory(&lake, "a.csv", "1,'A;B',2\n");
    let commands = format!(
        "-- a comment; with a semicolon\ninsert mine.x {file} key=listing_id\n\nSELECT title,\n  price -- the price;\nFROM mine.x\n;\n\
         /* nothing */ SELECT ';' AS semicolon; quit\nSELECT x"
    );
    let finished = piped(&lake, &commands, &["--format", "csv"]).expect_status(0).expect_stderr("1 inserted");
    assert_eq!(finished.stdout, "title,price\n'A;B',2\nsemicolon\n;\n");
    assert_eq!(piped(&lake, "", &[]).expect_status(0).stdout, "");
    assert_eq!(piped(&lake, "SELECT 1 AS n", &["--format", "json"]).expect_status(0).stdout, "[\n{\"n\":1}\n]\n");
    let timed = run(&lake, "timing on; SELECT 1").expect_stderr("1 row, 0.");
    assert!(timed.stderr.ends_with(" s\n"), "{}", timed.stderr);
}

#[test]
fn a_wrong_call_is_one_line() {
    let dir = Dir::new();
    let call =
        |arguments: &[&str]| dir.command(binary("lakeshell")).args(arguments).env_remove("DISCOGS_DATA_LAKE").run();
    call(&[]).expect_status(2).expect_one_line(&["lakeshell: ", "lakeshell --lake /data/lake"]);
    call(&["--lake", "nothing", "-c", "tables"]).expect_status(2).expect_one_line(&["nothing"]);
    dir.create("token", "secret");
    let insecure = call(&["--url", "http://example.org", "--token-file", "token", "-c", "tables"]).expect_status(2);
    insecure.expect_one_line(&["a token is not sent over http", "https"]);
    call(&["--no-such-flag"]).expect_status(2).expect_one_line(&["--no-such-flag"]);
    let help = call(&["--help"]).expect_status(0).stdout;
    for part in ["Usage:", "--keep-going", "Exit status:", "DISCOGS_DATA_LAKE"] {
        assert!(help.contains(part), "{help}");
    }
    assert_eq!(call(&["--version"]).expect_status(0).stdout, format!("lakeshell {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_large_result_is_streamed() {
    let lake = empty();
    let mut command = Command::new(binary("lakeshell"));
    let statement = "SELECT range AS n, repeat('x', 1000) AS text FROM range(400000)";
    command.env("DISCOGS_DATA_LAKE", lake.root()).args(["--format", "csv", "--memory-limit", "200MB", "-c", statement]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    let bytes = std::io::copy(&mut output.by_ref().take(300_000_000), &mut std::io::sink()).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(bytes == 300_000_000 && peak < 250_000, "{bytes} bytes, {peak} kB");
    // A reader that has enough is no error.
    drop(output);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_a_script_and_leaves_nothing() {
    let lake = empty();
    let statement = "SELECT 1; SELECT max(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b; SELECT 2";
    let temporary = Dir::new();
    for (sent, status, said) in [(Signal::INT, 130, "lakeshell: "), (Signal::TERM, 143, "stopped by SIGTERM")] {
        let mut command = shell(&lake, statement);
        let mut child = command.args(&["--format", "csv"]).env("TMPDIR", temporary.path("")).spawn();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = [String::new(), String::new()];
        for line in &mut lines {
            output.read_line(line).unwrap();
        }
        assert_eq!(lines, ["1\n", "1\n"]);
        signal(&child, sent);
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(status).expect_stderr(said);
        assert_eq!((rest.as_str(), finished.stderr.lines().count()), ("", 1));
        assert_eq!(super::files(&temporary.path("")), [] as [String; 0]);
    }
}
