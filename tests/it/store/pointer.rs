//! `active.json` moves with `active`: by compare-and-swap, and only to a run that is whole there.

use std::sync::Mutex;

use serde_json::Value;

use super::relay::{Act, Relay};
use super::server::{Server, at};
use super::{NEXT, lake, named, promote, servers, upload};
use crate::support::RUN;

#[test]
fn a_promotion_and_a_rollback_move_both_pointers() {
    for (name, server) in servers() {
        let lake = lake();
        promote(&lake, RUN, &server.url()).expect_status(5).expect_stderr("upload-run --run-id");
        let arguments = ["--run-id", RUN, "--run-mode", "prod", "--allow-promote", "true", "--dry-run=true"];
        at(&mut lake.call("promote", &arguments), &server.url()).run().expect_status(5).expect_stderr("is not whole");
        assert_eq!((lake.active(), named(&server)), (None, None), "{name}");
        for run in [RUN, NEXT] {
            upload(&lake, run, &server.url()).expect_status(0);
            promote(&lake, run, &server.url()).expect_status(0);
            assert_eq!((lake.active().as_deref(), named(&server).as_deref()), (Some(run), Some(run)), "{name}");
        }
        let active: Value = serde_json::from_slice(&server.object("discogs/active.json")).unwrap();
        let manifest = lake.json(&format!("_runs/{NEXT}/_manifest.json"));
        assert_eq!(active["manifest_sha256"], manifest["manifest_sha256"], "{name}");
        let tables = active["tables"].as_array().unwrap();
        assert_eq!(tables.len(), manifest["datasets"].as_array().unwrap().len(), "{name}");
        for table in tables {
            for file in table["files"].as_array().unwrap() {
                let object = server.object(&format!("discogs/{}", file["path"].as_str().unwrap()));
                assert_eq!(object.len() as u64, file["bytes"], "{name}");
            }
        }
        at(&mut lake.task("rollback"), &server.url()).run().expect_status(0);
        assert_eq!((lake.active().as_deref(), named(&server).as_deref()), (Some(RUN), Some(RUN)), "{name}");

        // Without the warehouse only `active` moves; lake-status says so, and the same promotion completes it.
        lake.promote(NEXT).expect_status(0);
        assert_eq!(named(&server).as_deref(), Some(RUN), "{name}");
        let status = at(&mut lake.task("lake-status"), &server.url()).run().expect_status(0);
        assert_eq!(status.json()["warehouse"]["follows_active"], false, "{name}");
        status.expect_stderr("which active does not");
        let completed = promote(&lake, NEXT, &server.url()).expect_status(0).expect_result("already_done");
        completed.expect_stderr("active.json in the warehouse moved there");
        assert_eq!(named(&server).as_deref(), Some(NEXT), "{name}");
    }
}

/// Two lakes publish into one warehouse: the one that comes second between the other's read and write fails, and publishes
/// nothing.
#[test]
fn of_two_publishers_at_once_one_fails_and_publishes_nothing() {
    for (name, server) in servers() {
        let (first, second) = (lake(), lake());
        for run in [RUN, NEXT] {
            upload(&first, run, &server.url()).expect_status(0);
        }
        let url = server.url();
        // While the first waits at its write, the second publishes.
        let second = Mutex::new(Some(second));
        let relay = Relay::before(server.port, move |seen| {
            if seen.method == "PUT"
                && seen.target.ends_with("/active.json")
                && let Some(second) = second.lock().unwrap().take()
            {
                promote(&second, NEXT, &url).expect_status(0);
            }
            Act::Pass
        });
        let lost = promote(&first, RUN, &relay.url()).expect_status(4);
        lost.expect_one_line(&["active.json was moved by another task", NEXT, "nothing was published"]);
        assert_eq!((first.active(), named(&server).as_deref()), (None, Some(NEXT)), "{name}");
        promote(&first, RUN, &server.url()).expect_status(0);
        assert_eq!((first.active().as_deref(), named(&server).as_deref()), (Some(RUN), Some(RUN)), "{name}");
    }
}

/// An answer that is lost is no conflict with oneself.
#[test]
fn a_write_whose_answer_is_lost_is_recognised() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    upload(&lake, RUN, &server.url()).expect_status(0);
    let is_cut = Mutex::new(false);
    let relay = Relay::before(server.port, move |seen| {
        let is_first = seen.method == "PUT" && !std::mem::replace(&mut *is_cut.lock().unwrap(), seen.method == "PUT");
        if is_first { Act::CutBehind } else { Act::Pass }
    });
    promote(&lake, RUN, &relay.url()).expect_status(0);
    assert_eq!((lake.active().as_deref(), named(&server).as_deref()), (Some(RUN), Some(RUN)));
}

/// If the lake refuses after the pointer moved there, the pointer is put back.
#[test]
fn a_promotion_that_the_lake_refuses_is_taken_back_there() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    for run in [RUN, NEXT] {
        upload(&lake, run, &server.url()).expect_status(0);
    }
    promote(&lake, RUN, &server.url()).expect_status(0);
    let before = server.object("discogs/active.json");
    // The lake's staging folder cannot be made, so the link cannot be created.
    std::fs::remove_dir_all(lake.path("_meta/_staging")).unwrap();
    std::fs::write(lake.path("_meta/_staging"), "in the way").unwrap();
    promote(&lake, NEXT, &server.url()).expect_status(5);
    assert_eq!(lake.active().as_deref(), Some(RUN));
    assert!(server.object("discogs/active.json") == before, "the pointer is as it was");
}
