//! A REST server that lacks something, is busy, or is lost in the middle.

use std::fs;

use super::front::{Fault, Front};
use super::{fixture, run_of, stage_at};
use crate::support::sealed_lake;

#[test]
fn a_server_without_commits_of_many_tables_is_told_before_anything_is_written() {
    let Some(server) = fixture() else { return };
    let front = Front::before(server.port);
    let (lake, [run, ..]) = sealed_lake();
    let before = lake.snapshot();
    for fault in [Fault::UnlistedCommit, Fault::NoEndpoints(404), Fault::NoEndpoints(405), Fault::NoEndpoints(501)] {
        front.fail(fault.clone());
        let refused = stage_at(&lake, &front.url(), run).expect_status(2);
        refused.expect_stderr("has no endpoint transactions/commit").expect_stderr("Postgres");
        before.expect_unchanged(&lake.root());
        assert!(!lake.root().join("_meta/catalog.json").exists(), "{fault:?}");
        assert!(!lake.root().join("_tables").exists(), "{fault:?}");
    }
    // The server of another lake would not be free if something had been written there.
    let (other, [run, ..]) = sealed_lake();
    front.fail(Fault::NoEndpoints(0));
    stage_at(&other, &front.url(), run).expect_status(0);
}

#[test]
fn a_commit_that_a_server_does_not_confirm_is_found_out_and_made_once() {
    let Some(server) = fixture() else { return };
    let front = Front::before(server.port);
    let (lake, [first, second, third]) = sealed_lake();
    for run in [first, second, third] {
        stage_at(&lake, &front.url(), run).expect_status(0);
    }
    let is = |run: &str| {
        lake.expect_active(run);
        assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(run));
        assert_eq!(run_of(&lake, "artist_name_map_v1", "main").as_deref(), Some(run));
        assert!(!lake.root().join("_meta/publication.json").exists());
    };
    for (fault, run, commits) in [
        (Fault::None, first, 1),
        (Fault::Commits(503, 2), second, 3),
        (Fault::CutBefore, first, 2),
        (Fault::CutBehind, second, 1),
    ] {
        front.fail(fault.clone());
        let promoted = lake.promote(run);
        assert_eq!(promoted.status, Some(0), "{fault:?}: {}", promoted.stderr);
        assert_eq!(front.commits(), commits, "{fault:?}");
        assert!(!lake.root().join("_meta/session.json").exists(), "{fault:?}");
        front.fail(Fault::None);
        is(run);
    }

    // A refusal leaves everything as it was; what is unknown is known to the next call.
    front.fail(Fault::Commits(409, usize::MAX));
    lake.promote(third).expect_status(4).expect_stderr("nothing was committed");
    front.fail(Fault::Commits(403, usize::MAX));
    lake.promote(third).expect_status(6).expect_stderr("HTTP 403");
    front.fail(Fault::None);
    is(second);
    front.fail(Fault::Commits(503, usize::MAX));
    lake.promote(third).expect_status(6).expect_stderr("outcome is unknown");
    front.fail(Fault::None);
    lake.expect_active(second);
    lake.promote(third).expect_status(0);
    is(third);
    front.fail(Fault::GoneBehind);
    lake.promote(first).expect_status(6).expect_stderr("outcome is unknown");
    front.fail(Fault::None);
    lake.expect_active(third);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(first), "the server has made it");
    // Any task that publishes ends it first.
    stage_at(&lake, &front.url(), second).expect_status(0).expect_result("already_done");
    is(first);
}

#[test]
fn the_token_is_taken_from_a_file_or_the_environment_and_shown_nowhere() {
    const SECRET: &str = "a-token-of-the-tests";
    let Some(server) = fixture() else { return };
    let front = Front::before(server.port);
    front.fail(Fault::Token(SECRET));
    let (lake, [run, other, _]) = sealed_lake();
    let arguments = ["--run-id", run, "--catalog", &front.url()];
    let mut shown = Vec::new();
    for wrong in [None, Some("not-the-token")] {
        let mut stage = lake.task("stage-tables");
        if let Some(wrong) = wrong {
            stage.env("DISCOGS_CATALOG_TOKEN", wrong);
        }
        let refused = stage.args(&arguments).run().expect_status(6);
        shown.push(refused.expect_stderr("HTTP 401").expect_stderr("check the token"));
    }
    shown.push(lake.task("stage-tables").args(&arguments).env("DISCOGS_CATALOG_TOKEN", SECRET).run().expect_status(0));
    let file = lake.write("token", format!("{SECRET}\n"));
    let promote = ["--run-id", other, "--run-mode", "prod", "--allow-promote", "true"];
    let file = ["--catalog-password-file", file.to_str().unwrap()];
    shown.push(lake.task("promote").args(&promote).args(&file).run().expect_status(0));
    for finished in shown {
        let text = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!text.contains(SECRET) && !text.contains("not-the-token"), "{text}");
    }
    for entry in walkdir::WalkDir::new(lake.root()).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            let holds = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
            assert!(!holds, "{} holds the token", entry.path().display());
        }
    }
    let plain = ["--run-id", run, "--catalog", "http://catalog.example:8181/"];
    let (unused, _) = sealed_lake();
    let sent = unused.task("stage-tables").args(&plain).env("DISCOGS_CATALOG_TOKEN", SECRET).run();
    sent.expect_status(2).expect_stderr("without encryption");
}
