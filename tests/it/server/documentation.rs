//! The examples of docs/server.md run, in curl, Python and JavaScript, and each line of its threat model names a test.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Server, with_run};
use crate::support::{Dir, skipped};

const PAGE: &str = include_str!("../../../docs/server.md");

/// The blocks of a language, with the address of a server.
fn blocks(language: &str, server: &Server) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = PAGE.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| block.replace("127.0.0.1:8099", &server.address)).collect()
}

#[test]
fn examples_in_curl_python_and_javascript_run() {
    let lake = with_run();
    let server = Server::start(&lake, &[]);
    let dir = Dir::new();
    let run = |program: &str, arguments: &[&str]| {
        let finished = dir.command(program).args(arguments).run();
        assert_eq!(finished.status, Some(0), "{arguments:?}\n{}\n{}", finished.stdout, finished.stderr);
        finished.stdout
    };
    let shell = blocks("sh", &server);
    assert!(shell.len() >= 3, "the page has lost its examples");
    let script = shell.join("\n").replace("curl -sS", "curl -sS --fail-with-body");
    let output = run("bash", &["-euo", "pipefail", "-c", &script]);
    for part in [
        "\"country\":",
        "release_id,title",
        "\"status\":\"committed\"",
        "\"condition\"",
        "\"change\":\"inserted\"",
        "ci:write:",
    ] {
        assert!(output.contains(part), "no {part} in {output}");
    }
    let python = blocks("python", &server);
    assert_eq!(run("python3", &["-c", &python[0]]).trim(), "2 listings");
    if Command::new("node").arg("--version").output().is_err() {
        skipped("node is not installed, so the example in JavaScript does not run");
        return;
    }
    let javascript = blocks("js", &server);
    assert_eq!(run("node", &["-e", &javascript[0]]).trim(), "price 20.5");
}

/// The rows of the table of threats: each ends with the names of tests.
#[test]
fn every_threat_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["tests/it", "crates/server/src", "src/sql"].map(|folder| root.join(folder));
    let files = sources.iter().flat_map(|folder| walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap));
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs"));
    let tests: String = rust.map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
    let section = PAGE.split("## Threat model").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() >= 20, "the table has lost its rows");
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, _, named] = cells[..] else { panic!("not three cells: {row}") };
        let names: Vec<_> = named.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(tests.contains(&format!("fn {name}(")), "there is no test {name}: {row}");
        }
    }
}

/// Each parameter that the page names is one of the server.
#[test]
fn parameters_on_the_page_are_those_of_the_server() {
    let dir = Dir::new();
    let help = dir.command(crate::support::binary("lakehouse-server")).args(&["--help"]).run().expect_status(0).stdout;
    let words = PAGE.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| word.starts_with("--"));
    let parameters = words.filter(|word| word.trim_start_matches("--").starts_with(|c: char| c.is_ascii_lowercase()));
    let of_other_programs = ["--all-runs", "--as-of", "--data-binary"];
    for word in parameters.filter(|word| !of_other_programs.contains(word)) {
        assert!(help.contains(&format!("{word} ")), "{word} is no parameter of lakehouse-server");
    }
}
