//! `lakeshell --url` asks a `lakehouse-server`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{NEXT, empty, inventory, published};
use crate::server::Server;
use crate::support::{Dir, Finished, RUN, TestLake, binary, signal};

/// Runs the shell over a server.
fn shell(server: &Server, arguments: &[&str]) -> Finished {
    let url = format!("http://{}", server.address);
    let dir = Dir::new();
    dir.command(binary("lakeshell")).args(&["--url", &url]).args(arguments).env_remove("DISCOGS_DATA_LAKE").run()
}

#[track_caller]
fn csv(server: &Server, commands: &str) -> String {
    shell(server, &["--format", "csv", "-c", commands]).expect_status(0).stdout
}

#[test]
fn a_lake_behind_a_server_is_asked_and_written() {
    let lake = published(TestLake::new());
    let server = Server::start(&lake, &[]);
    let first = inventory(&lake, "first.csv", "1,A,9.50\n2,B,12.00\n");
    let second = inventory(&lake, "second.csv", "2,b,11.00\n3,,7.25\n");
    let inserted = shell(
        &server,
        &["-c", &format!("insert mine.inventory {first} key=listing_id; insert mine.inventory {second}")],
    );
    inserted.expect_status(0).expect_stderr("mine.inventory: 1 inserted, 1 updated");
    let all = "SELECT * FROM mine.inventory ORDER BY ALL;";
    let now = "listing_id,title,price\n1,A,9.50\n2,b,11.00\n3,,7.25\n";
    let before = "listing_id,title,price\n1,A,9.50\n2,B,12.00\n";
    assert_eq!(csv(&server, all), now);
    let table = shell(&server, &["-c", all]).expect_status(0).stdout;
    assert!(table.contains("NULL") && table.contains("9.50"), "{table}");
    let json = shell(&server, &["--format", "json", "-c", "SELECT title FROM mine.inventory ORDER BY ALL LIMIT 1"]);
    assert_eq!(json.expect_status(0).stdout, "[\n{\"title\":\"A\"}\n]\n");
    let history = csv(&server, "history mine.inventory");
    let snapshot = history.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert_eq!(
        csv(&server, &format!("travel mine.inventory {snapshot}; {all} travel now; {all}")),
        format!("{before}{now}")
    );
    assert!(csv(&server, &format!("changes mine.inventory {snapshot}")).contains("updated"));
    shell(&server, &["-c", &format!("rollback mine.inventory {snapshot}")])
        .expect_status(0)
        .expect_stderr("main of mine.inventory");
    assert_eq!(csv(&server, all), before);
    let count = "SELECT COUNT(*) > 0 AS found FROM artists_v1_typed";
    assert_eq!(csv(&server, &format!("travel {NEXT}; {count}")), "found\ntrue\n");
    for (commands, part) in [
        ("tables", "releases_ref_v6,"),
        ("runs", RUN),
        ("describe releases_ref_v6", "country,"),
        ("checks all", ",critical,"),
    ] {
        let listed = csv(&server, commands);
        assert!(listed.contains(part), "{commands}: {listed}");
    }
    let file = lake.beside("exported.parquet");
    shell(&server, &["-c", &format!("{all} export {}", file.display())]).expect_status(0);
    let read = format!("SELECT title FROM read_parquet('{}') ORDER BY ALL", file.display());
    let shown =
        lake.call("lakeshell", &["--allow-files", "--format", "csv", "-c", &read]).run().expect_status(0).stdout;
    assert_eq!(shown, "title\nA\nB\n");
}

#[test]
fn a_token_opens_a_server_that_asks_for_one() {
    let lake = empty();
    let dir = Dir::new();
    dir.create("token", "a token that is long enough to be no guess\n");
    let digest =
        dir.command("sh").args(&["-c", "tr -d '\\n' < token | sha256sum | cut -d' ' -f1"]).run().expect_status(0);
    dir.create("tokens", &format!("reader:read:{}", digest.stdout));
    let server = Server::start(&lake, &["--tokens", dir.path("tokens").to_str().unwrap()]);
    let token = dir.path("token");
    shell(&server, &["--token-file", token.to_str().unwrap(), "-c", "runs"]).expect_status(0);
    shell(&server, &["-c", "runs"]).expect_status(2).expect_one_line(&["lakeshell: "]);
}

#[test]
fn problems_of_a_server_have_the_statuses_of_the_tasks() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    let bad = inventory(&lake, "bad.csv", "1,A,9.50,too many\n");
    for (commands, status, part) in [
        ("SELECT x".to_owned(), 2, "Binder Error"),
        ("DROP TABLE x".to_owned(), 2, "SELECT"),
        ("history mine.nothing".to_owned(), 2, "lakeshell: "),
        (format!("insert mine.x {bad} key=listing_id"), 5, "lakeshell: "),
        ("insert mine.x nothing.csv key=id".to_owned(), 5, "nothing.csv"),
        ("alter mine.x add a int".to_owned(), 2, "alter-table"),
        ("rollback * 2026-10".to_owned(), 2, "one table at a time"),
    ] {
        shell(&server, &["-c", &commands]).expect_status(status).expect_one_line(&[part]);
    }
    // A Ctrl-C ends the wait for an answer, and the query in the server.
    let statement = "SELECT max(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b";
    let mut command = Command::new(binary("lakeshell"));
    let url = format!("http://{}", server.address);
    command.args(["--url", &url, "--format", "csv", "-c", &format!("SELECT 1; {statement}")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = [String::new(), String::new()];
    for line in &mut lines {
        output.read_line(line).unwrap();
    }
    signal(&child, Signal::INT);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(130)));
    drop(server);
    let call = Dir::new().command(binary("lakeshell")).args(&["--url", &url, "-c", "runs"]).run();
    call.expect_status(6).expect_one_line(&[&url, "lakehouse-server"]);
}
