//! A server that fails in every way, at every request of an upload: each time one line and a documented exit status, no run
//! that looks whole, and an upload that resumes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::relay::{Act, Relay, Seen};
use super::server::{Server, at};
use super::{NEXT, expect_not_whole, expect_whole, lake, large_file, servers, upload};
use crate::support::{Finished, RUN, TestLake, eventually};

/// Sends a run with one request at a time and two attempts at each.
fn upload_twice_tried(lake: &TestLake, endpoint: &str) -> Finished {
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB", "--parallel", "1"]);
    at(&mut command, endpoint).args(&["--s3-max-attempts", "2", "--s3-timeout", "2s"]).run()
}

/// Whether a request carries a part of the file that has several.
fn is_part(seen: &Seen) -> bool {
    seen.method == "PUT" && seen.target.contains("partNumber=")
}

/// A fault that passes: the upload succeeds and says that it tried again.
#[test]
fn a_fault_that_passes_is_waited_for() {
    let Some(server) = Server::s3s() else { return };
    for (index, act) in [
        Act::CutBefore,
        Act::CutBehind,
        Act::CutAnswer,
        Act::Status(500, "", "InternalError"),
        Act::Status(503, "Retry-After: 0\r\n", "SlowDown"),
        Act::Status(429, "", "TooManyRequests"),
        Act::Damage,
    ]
    .into_iter()
    .enumerate()
    {
        let lake = lake();
        let prefix = format!("passing-{index}");
        let failed = AtomicUsize::new(0);
        let chosen = act.clone();
        let relay = Relay::before(server.port, move |seen| {
            // Every third request of any kind, so none twice in a row.
            if seen.number % 3 == 0 {
                failed.fetch_add(1, Ordering::SeqCst);
                return chosen.clone();
            }
            Act::Pass
        });
        let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB", "--parallel", "1"]);
        command.env("AWS_ACCESS_KEY_ID", super::server::KEY).env("AWS_SECRET_ACCESS_KEY", super::server::SECRET);
        let place = format!("s3://lake/{prefix}");
        command.args(&["--warehouse", &place, "--s3-endpoint", &relay.url(), "--s3-first-wait", "1ms"]);
        let finished = command.run();
        assert_eq!(finished.status, Some(0), "{act:?}: {}", finished.stderr);
        assert!(finished.stderr.contains("trying again"), "{act:?}: {}", finished.stderr);
        let sent = finished.json();
        assert_eq!(sent["metrics"]["sent_bytes"], sent["metrics"]["bytes"], "{act:?}");
        let manifest = lake.json(&format!("_runs/{RUN}/_manifest.json"));
        for file in manifest["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            let there = server.object(&format!("{prefix}/_runs/{RUN}/{path}"));
            assert!(there == std::fs::read(lake.run(RUN).join(path)).unwrap(), "{act:?}: {path}");
        }
    }
}

/// A fault that stays: from the second part on, everything fails. The parts before it are not sent again.
#[test]
fn a_fault_that_stays_ends_the_upload_and_the_next_one_resumes() {
    for (name, server) in servers() {
        for (status, act, says) in [
            (6, Act::CutBefore, "cannot write a part of s3://lake/discogs"),
            (6, Act::Status(500, "", "InternalError"), "HTTP 500"),
            (6, Act::Status(503, "", "SlowDown"), "SlowDown"),
            (6, Act::Status(403, "", "AccessDenied"), "check the key"),
            (6, Act::Status(403, "", "RequestTimeTooSkewed"), "set the clock"),
            (6, Act::Status(507, "", "QuotaExceeded"), "free some space in the bucket"),
            (6, Act::Status(400, "", "BadDigest"), "BadDigest"),
        ] {
            let lake = lake();
            let place = format!("{name}: {act:?}");
            let chosen = act.clone();
            let parts = AtomicUsize::new(0);
            let is_failing = std::sync::atomic::AtomicBool::new(false);
            let relay = Relay::before(server.port, move |seen| {
                if is_part(seen) && parts.fetch_add(1, Ordering::SeqCst) == 1 {
                    is_failing.store(true, Ordering::SeqCst);
                }
                if is_failing.load(Ordering::SeqCst) { chosen.clone() } else { Act::Pass }
            });
            let failed = upload_twice_tried(&lake, &relay.url());
            assert_eq!(failed.status, Some(status), "{place}: {}", failed.stderr);
            let last = failed.stderr.lines().last().unwrap_or_default();
            assert!(last.contains(says) && last.contains(&large_file(RUN)), "{place}: {last}");
            assert!(!failed.stderr.contains(super::server::SECRET), "{place}");
            expect_not_whole(&server, RUN);
            let there: BTreeSet<String> = server.keys(&format!("discogs/_runs/{RUN}/")).into_iter().collect();

            let passing = Relay::before(server.port, |_| Act::Pass);
            let resumed = upload_twice_tried(&lake, &passing.url()).expect_status(0).json();
            expect_whole(&server, &lake, RUN);
            assert_eq!(resumed["metrics"]["resumed_parts"], 1, "{place}: {resumed}");
            let sent: Vec<Seen> = passing.seen().into_iter().filter(|seen| seen.method == "PUT").collect();
            assert_eq!(sent.iter().filter(|seen| is_part(seen)).count(), 2, "{place}: the first part is there");
            for seen in &sent {
                let key = seen.target.split('?').next().unwrap().trim_start_matches("/lake/");
                assert!(!there.contains(key), "{place}: {key} is sent again");
            }
            clear(&server);
        }
    }
}

/// The connection breaks at each part, before or behind the server: the parts before it are not sent again.
#[test]
fn an_upload_that_is_cut_at_each_part_resumes() {
    for (name, server) in servers() {
        for (cut, act) in (1..=3).flat_map(|cut| [(cut, Act::CutBefore), (cut, Act::CutBehind)]) {
            let place = format!("{name}: {act:?} from part {cut} on");
            let lake = lake();
            let (chosen, parts) = (act.clone(), AtomicUsize::new(0));
            let relay = Relay::before(server.port, move |seen| {
                let is_cut = is_part(seen) && parts.fetch_add(1, Ordering::SeqCst) + 1 >= cut;
                if is_cut { chosen.clone() } else { Act::Pass }
            });
            let failed = upload_twice_tried(&lake, &relay.url());
            assert_eq!(failed.status, Some(6), "{place}: {}", failed.stderr);
            expect_not_whole(&server, RUN);
            let passing = Relay::before(server.port, |_| Act::Pass);
            let resumed = upload_twice_tried(&lake, &passing.url()).expect_status(0).json();
            expect_whole(&server, &lake, RUN);
            let sent = passing.seen().iter().filter(|seen| is_part(seen)).count();
            // A server that lists checksums has the part whose answer was lost as well.
            let kept = if act == Act::CutBehind { [cut - 1, cut] } else { [cut - 1; 2] };
            assert!(kept.contains(&(3 - sent)), "{place}: {sent} parts were sent again");
            assert_eq!(resumed["metrics"]["resumed_parts"], 3 - sent, "{place}");
            clear(&server);
        }
    }
}

/// A prune that is killed at a removal leaves no run that looks whole, and the next one removes the rest.
#[test]
fn a_prune_that_is_killed_there_is_completed() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    for run in [RUN, NEXT] {
        upload(&lake, run, &server.url()).expect_status(0);
    }
    let prune = |endpoint: &str| {
        let arguments = ["--keep-in-warehouse", "1", "--open-hours", "0", "--dry-run=false"];
        let mut command = lake.call("prune-runs", &arguments);
        at(&mut command, endpoint);
        command
    };
    let relay = Relay::before(server.port, |seen| match seen.method.as_str() {
        "DELETE" if !seen.target.contains("_manifest.json") => Act::HoldBefore,
        _ => Act::Pass,
    });
    let mut child = prune(&relay.url()).spawn();
    eventually("an object is removed", || relay.is_held());
    child.kill().unwrap();
    child.wait().unwrap();
    expect_not_whole(&server, RUN);
    assert!(!server.keys(&format!("discogs/_runs/{RUN}/")).is_empty());
    prune(&server.url()).run().expect_status(0);
    assert!(server.keys(&format!("discogs/_runs/{RUN}/")).is_empty());
    expect_whole(&server, &lake, NEXT);
}

/// A server that never answers costs the time limit, once for each attempt.
#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let relay = Relay::before(server.port, |seen| if is_part(seen) { Act::HoldBefore } else { Act::Pass });
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB"]);
    let failed = at(&mut command, &relay.url()).args(&["--s3-max-attempts", "2", "--s3-timeout", "1s"]).run();
    failed.expect_status(6).expect_stderr("gave up after 2 attempts").expect_stderr("timeout");
    expect_not_whole(&server, RUN);
    upload(&lake, RUN, &server.url()).expect_status(0);
    expect_whole(&server, &lake, RUN);
}

/// Bytes that are damaged on the way each time are never accepted.
#[test]
fn bytes_that_are_damaged_on_the_way_are_not_accepted() {
    for (name, server) in servers() {
        let lake = lake();
        let is_file = |seen: &Seen| seen.method == "PUT" && seen.target.contains("labels_v10/part");
        let relay = Relay::before(server.port, move |seen| if is_file(seen) { Act::Damage } else { Act::Pass });
        let failed = upload_twice_tried(&lake, &relay.url());
        assert_eq!(failed.status, Some(6), "{name}: {}", failed.stderr);
        let last = failed.stderr.lines().last().unwrap_or_default();
        assert!(last.contains("labels_v10/part"), "{name}: {last}");
        expect_not_whole(&server, RUN);
        upload(&lake, RUN, &server.url()).expect_status(0);
        expect_whole(&server, &lake, RUN);
    }
}

/// Two uploads of one run from two machines: both succeed, and the run is whole.
#[test]
fn two_uploads_of_a_run_at_once_make_one() {
    for (name, server) in servers() {
        let lakes = [lake(), lake()];
        let finished = std::thread::scope(|scope| {
            let started: Vec<_> = lakes.iter().map(|lake| scope.spawn(|| upload(lake, RUN, &server.url()))).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        for one in finished {
            assert_eq!(one.status, Some(0), "{name}: {}", one.stderr);
        }
        expect_whole(&server, &lakes[0], RUN);
    }
}

/// On one machine the second upload of a run is told who sends it.
#[test]
fn two_uploads_of_a_run_in_one_lake_exclude_each_other() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let relay = Relay::before(server.port, |seen| if is_part(seen) { Act::HoldBefore } else { Act::Pass });
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB"]);
    let mut first = at(&mut command, &relay.url()).spawn();
    eventually("the first upload sends a part", || relay.is_held());
    upload(&lake, RUN, &server.url()).expect_status(4).expect_one_line(&["upload-run", "locked"]);
    let prune = lake.call("prune-runs", &["--keep", "1", "--open-hours", "0"]).run().expect_status(0).json();
    let kept = prune["runs"].as_array().unwrap().iter().find(|run| run["run_id"] == RUN).unwrap()["kept"].clone();
    assert!(kept["locked"].is_object(), "a run that is sent is not pruned: {kept}");
    first.kill().unwrap();
    first.wait().unwrap();
    upload(&lake, RUN, &server.url()).expect_status(0);
}

/// An upload that is killed at a request: nothing looks whole that is not, and the next upload sends what is missing.
#[test]
fn an_upload_that_is_killed_resumes() {
    let Some(server) = Server::s3s() else { return };
    let counted = Relay::before(server.port, |_| Act::Pass);
    let first = lake();
    upload_twice_tried(&first, &counted.url()).expect_status(0);
    let total = counted.seen().len();
    clear(&server);
    let writing: Vec<usize> = {
        let writes = |seen: &Seen| seen.method != "GET" && seen.method != "HEAD";
        counted.seen().iter().filter(|seen| writes(seen)).map(|seen| seen.number).collect()
    };
    // A sample of the files, and every request of the one with several parts, of the record and of the manifest.
    let special: BTreeSet<usize> = counted
        .seen()
        .iter()
        .filter(|seen| seen.method != "GET" && (seen.target.contains("upload") || seen.target.contains("_manifest")))
        .map(|seen| seen.number)
        .collect();
    let chosen =
        crate::faults::sample::few(writing.iter().copied().filter(|number| !special.contains(number)).collect(), 3);
    let chosen: BTreeSet<usize> = chosen.into_iter().chain(special).collect();
    eprintln!("upload-run: killed at {} of {total} requests, before and behind the server", chosen.len());
    for number in chosen {
        for act in [Act::HoldBefore, Act::HoldBehind] {
            let when = format!("{act:?} at request {number}");
            let lake = lake();
            let held = act.clone();
            let relay =
                Relay::before(server.port, move |seen| if seen.number == number { held.clone() } else { Act::Pass });
            let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB", "--parallel", "1"]);
            let mut child = at(&mut command, &relay.url()).spawn();
            eventually(&when, || relay.is_held());
            child.kill().unwrap();
            child.wait().unwrap();
            let is_whole =
                server.keys(&format!("discogs/_runs/{RUN}/")).iter().any(|key| key.ends_with("_manifest.json"));
            if is_whole {
                expect_whole(&server, &lake, RUN);
            }
            let sent: u64 = relay.seen().iter().filter(|seen| is_part(seen)).count() as u64;
            let again = upload_twice_tried(&lake, &server.url()).expect_status(0).json();
            expect_whole(&server, &lake, RUN);
            let resent = again["metrics"]["sent_parts"].as_u64().unwrap();
            let files = again["metrics"]["files"].as_u64().unwrap();
            let present = again["metrics"]["present_files"].as_u64().unwrap();
            assert!(resent + present + sent.min(3) <= files + 4, "{when}: {again}");
            clear(&server);
        }
    }
}

/// A promotion that is killed between the two pointers is completed by the same command.
#[test]
fn a_promotion_that_is_killed_is_completed() {
    let Some(server) = Server::s3s() else { return };
    let prepared = lake();
    for run in [RUN, NEXT] {
        upload(&prepared, run, &server.url()).expect_status(0);
    }
    super::promote(&prepared, RUN, &server.url()).expect_status(0);
    let arguments = ["--run-id", NEXT, "--run-mode", "prod", "--allow-promote", "true"];
    for act in [Act::HoldBefore, Act::HoldBehind] {
        let lake = prepared.copy();
        super::promote(&lake, RUN, &server.url()).expect_status(0);
        let held = act.clone();
        let relay = Relay::before(server.port, move |seen| if seen.method == "PUT" { held.clone() } else { Act::Pass });
        let mut command = lake.call("promote", &arguments);
        let mut child = at(&mut command, &relay.url()).spawn();
        eventually("the pointer is written", || relay.is_held());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lake.active().as_deref(), Some(RUN), "{act:?}");
        super::promote(&lake, NEXT, &server.url()).expect_status(0);
        assert_eq!((lake.active().as_deref(), super::named(&server).as_deref()), (Some(NEXT), Some(NEXT)), "{act:?}");
    }
}

/// A download that is killed keeps the files that arrived; what arrives is taken up where it was.
#[test]
fn a_download_that_is_killed_resumes() {
    let Some(server) = Server::s3s() else { return };
    let source = lake();
    upload(&source, RUN, &server.url()).expect_status(0);
    for number in crate::faults::sample::few((4..20).collect(), 3) {
        let lake = TestLake::new();
        let relay =
            Relay::before(server.port, move |seen| if seen.number == number { Act::HoldBehind } else { Act::Pass });
        let mut command = lake.call("download-run", &["--run-id", RUN, "--parallel", "1"]);
        let mut child = at(&mut command, &relay.url()).spawn();
        eventually("a file is on its way", || relay.is_held());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!lake.run(RUN).exists(), "request {number}: no half run");
        let mut command = lake.call("download-run", &["--run-id", RUN]);
        let back = at(&mut command, &server.url()).run().expect_status(0).json();
        let (bytes, received) = (&back["metrics"]["bytes"], &back["metrics"]["received_bytes"]);
        assert!(received.as_u64() < bytes.as_u64(), "request {number}: {back}");
        for (path, there) in files_of(&lake) {
            assert!(there == std::fs::read(source.run(RUN).join(&path)).unwrap(), "{path}");
        }
        lake.expect_nothing_staged();
    }
    // A connection that breaks in the middle of a file.
    let lake = TestLake::new();
    let relay = Relay::before(server.port, |seen| if seen.number % 2 == 0 { Act::CutAnswer } else { Act::Pass });
    let mut command = lake.call("download-run", &["--run-id", RUN, "--parallel", "1"]);
    at(&mut command, &relay.url()).run().expect_status(0).expect_stderr("trying again");
}

fn files_of(lake: &TestLake) -> Vec<(String, Vec<u8>)> {
    let manifest: Value = lake.json(&format!("_runs/{RUN}/_manifest.json"));
    let paths = manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned());
    paths.map(|path| (path.clone(), std::fs::read(lake.run(RUN).join(&path)).unwrap())).collect()
}

/// A signal in the middle of an upload: the exit status is that of the signal, and the next upload resumes.
#[test]
fn a_signal_ends_an_upload_that_can_be_resumed() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let relay = Relay::before(server.port, |seen| if is_part(seen) { Act::HoldBefore } else { Act::Pass });
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "5MiB"]);
    let child = at(&mut command, &relay.url()).spawn();
    eventually("a part is on its way", || relay.is_held());
    crate::support::signal(&child, rustix::process::Signal::TERM);
    let finished = Finished::of(child.wait_with_output().unwrap());
    finished.expect_status(143);
    upload(&lake, RUN, &server.url()).expect_status(0);
    expect_whole(&server, &lake, RUN);
}

/// Removes every object.
fn clear(server: &Server) {
    let bucket = server.bucket("");
    for key in server.keys("") {
        bucket.delete(&key).unwrap();
    }
}
