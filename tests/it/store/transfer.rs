//! A run goes up, is verified, and comes back byte for byte; a later run with the same bytes is copied by the server.

use std::fs;

use serde_json::Value;

use super::server::{BUCKET, Server, WAREHOUSE, at};
use super::{NEXT, expect_whole, lake, large_file, servers, upload};
use crate::support::{RUN, TestLake};

fn metric(result: &Value, name: &str) -> u64 {
    result["metrics"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {result}"))
}

#[test]
fn a_run_goes_up_once_and_a_later_one_with_the_same_bytes_is_copied_there() {
    for (name, server) in servers() {
        let lake = lake();
        let sent = upload(&lake, RUN, &server.url()).expect_status(0).expect_result("done").json();
        expect_whole(&server, &lake, RUN);
        assert_eq!(metric(&sent, "sent_bytes"), metric(&sent, "bytes"), "{name}");
        assert_eq!(metric(&sent, "sent_parts"), metric(&sent, "files") + 2, "{name}: one file has three parts");
        let record: Value =
            serde_json::from_slice(&server.object(&format!("discogs/_runs/{RUN}/_upload.json"))).unwrap();
        assert_eq!(record["part_bytes"], 5 << 20, "{name}");
        assert!(record["checksums"][large_file(RUN)].as_str().unwrap().ends_with("-3"), "{name}");

        let again = upload(&lake, RUN, &server.url()).expect_status(0).expect_result("already_done").json();
        assert_eq!((metric(&again, "sent_bytes"), metric(&again, "sent_parts")), (0, 0), "{name}");
        assert!(!lake.path(&format!("_meta/uploads/{RUN}.jsonl")).exists(), "{name}");

        let next = upload(&lake, NEXT, &server.url()).expect_status(0).json();
        expect_whole(&server, &lake, NEXT);
        let (copied, sent) = (metric(&next, "copied_bytes"), metric(&next, "sent_bytes"));
        assert!(copied > 10 << 20 && sent < 1 << 20, "{name}: {copied} bytes copied, {sent} sent");
        for run in [RUN, NEXT] {
            let verified = verify(&lake, run, &server, &[]).expect_status(0).json();
            let total =
                metric(&verified, "by_checksum") + metric(&verified, "by_digest") + metric(&verified, "by_size");
            assert_eq!(total, metric(&sent_of(&lake, run), "files"), "{name}");
            verify(&lake, run, &server, &["--full=true"]).expect_status(0).expect_stderr("all bytes read");
        }
    }
}

/// The number of files of a run as its manifest has them.
fn sent_of(lake: &TestLake, run: &str) -> Value {
    let manifest = lake.json(&format!("_runs/{run}/_manifest.json"));
    serde_json::json!({"metrics": {"files": manifest["files"].as_array().unwrap().len()}})
}

fn verify(lake: &TestLake, run: &str, server: &Server, more: &[&str]) -> crate::support::Finished {
    let mut command = lake.call("verify-run", &["--run-id", run]);
    at(&mut command, &server.url()).args(more).run()
}

#[test]
fn what_a_later_upload_does_not_know_is_kept() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    upload(&lake, RUN, &server.url()).expect_status(0);
    // The recorded part size counts, not the one that is asked for now.
    let lost = format!("discogs/_runs/{RUN}/{}", large_file(RUN));
    server.bucket("").delete(&lost).unwrap();
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--part-size", "64MiB"]);
    let repaired = at(&mut command, &server.url()).run().expect_status(0).expect_result("done").json();
    assert_eq!(metric(&repaired, "part_bytes"), 5 << 20);
    assert_eq!(metric(&repaired, "sent_parts"), 3);
    expect_whole(&server, &lake, RUN);
}

#[test]
fn a_run_that_was_pruned_comes_back_byte_for_byte() {
    for (name, server) in servers() {
        let lake = lake();
        upload(&lake, RUN, &server.url()).expect_status(0);
        let kept = lake.beside("kept");
        fs::rename(lake.run(RUN), &kept).unwrap();
        fs::remove_file(lake.path(&format!("_meta/seals/{RUN}.sha256"))).unwrap();

        let status = at(&mut lake.task("lake-status"), &server.url()).run().expect_status(0);
        let runs = status.json()["warehouse"]["runs"].clone();
        assert_eq!((&runs[0]["whole"], &runs[0]["in_lake"]), (&true.into(), &false.into()), "{name}: {runs}");
        status.expect_stderr("not in the lake; download-run brings it back");

        let download = |more: &[&str]| {
            let mut command = lake.call("download-run", &["--run-id", RUN]);
            at(&mut command, &server.url()).args(more).run()
        };
        let back = download(&[]).expect_status(0).expect_result("done").json();
        assert_eq!(back["seal"], "unknown", "{name}");
        let manifest = lake.json(&format!("_runs/{RUN}/_manifest.json"));
        for file in manifest["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            let (there, was) = (lake.run(RUN).join(path), kept.join(path));
            assert!(fs::read(&there).unwrap() == fs::read(&was).unwrap(), "{name}: {path}");
            let mode = |path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode(&there), mode(&was), "{name}: {path}");
        }
        lake.promote(RUN).expect_status(5).expect_stderr("--accept-seal=true");
        let accepted = download(&["--accept-seal=true"]).expect_status(0).expect_result("already_done").json();
        assert_eq!(accepted["seal"], "known", "{name}");
        lake.promote(RUN).expect_status(0);
        lake.expect_nothing_staged();
    }
}

#[test]
fn a_lake_begins_with_the_published_run_of_a_warehouse() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let elsewhere = TestLake::new();
    let download = || {
        let mut command = elsewhere.call("download-run", &["--accept-seal=true"]);
        at(&mut command, &server.url()).run()
    };
    download().expect_status(2).expect_one_line(&["nothing is published", "active.json is missing"]);
    upload(&lake, RUN, &server.url()).expect_status(0);
    super::promote(&lake, RUN, &server.url()).expect_status(0);
    assert_eq!(download().expect_status(0).json()["run_id"], RUN);
    elsewhere.promote(RUN).expect_status(0);
    elsewhere.expect_active(RUN);
}

/// What verify-run finds in an object that was changed behind the back of the server, and in one that is missing or was added.
#[test]
fn a_damaged_run_is_found() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    upload(&lake, RUN, &server.url()).expect_status(0);
    let manifest = lake.json(&format!("_runs/{RUN}/_manifest.json"));
    let paths: Vec<&str> =
        manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let parquet: Vec<&str> = paths.iter().filter(|path| path.ends_with(".parquet")).copied().collect();
    let file = |path: &str| server.file(&format!("discogs/_runs/{RUN}/{path}"));
    let [changed, shorter, missing] = [parquet[0], parquet[1], parquet[2]];
    let mut bytes = fs::read(file(changed)).unwrap();
    bytes[9] ^= 1;
    fs::write(file(changed), &bytes).unwrap();
    let full = verify(&lake, RUN, &server, &["--full=true"]).expect_status(5);
    full.expect_stderr(&format!("{changed} was changed"));
    fs::write(file(shorter), "PAR1").unwrap();
    fs::remove_file(file(missing)).unwrap();
    fs::write(file("extra"), "extra").unwrap();
    let found = verify(&lake, RUN, &server, &[]).expect_status(5);
    let differences = found.json()["differences"].to_string();
    for part in [format!("{shorter} has 4 bytes"), format!("{missing} is missing"), "extra was added".to_owned()] {
        assert!(differences.contains(&part), "{differences}");
    }
    let lost = server.file(&format!("discogs/_runs/{RUN}/_manifest.json"));
    fs::remove_file(lost).unwrap();
    verify(&lake, RUN, &server, &[]).expect_status(5).expect_stderr("is not whole in s3://lake/discogs");
    verify(&lake, NEXT, &server, &[]).expect_status(5).expect_stderr("upload-run");

    // What arrives damaged is not taken.
    let elsewhere = TestLake::new();
    fs::write(server.file(&format!("discogs/_runs/{RUN}/_manifest.json")), lake_manifest(&lake)).unwrap();
    let mut command = elsewhere.call("download-run", &["--run-id", RUN]);
    at(&mut command, &server.url()).run().expect_status(5).expect_stderr(&format!("s3://{BUCKET}/discogs/_runs"));
    assert!(!elsewhere.run(RUN).exists());
}

fn lake_manifest(lake: &TestLake) -> Vec<u8> {
    fs::read(lake.run(RUN).join("_manifest.json")).unwrap()
}

/// The lake's runs and those of the warehouse are pruned apart; what a pointer names stays.
#[test]
fn old_runs_are_pruned_there() {
    for (name, server) in servers() {
        let lake = lake();
        for run in [RUN, NEXT] {
            upload(&lake, run, &server.url()).expect_status(0);
        }
        // An upload that was never finished, of a run that is in no lake.
        let unfinished = "2026-10__20261020_000000";
        let put = lake_store::Put {
            sha256: &<[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(b"x")),
            condition: lake_store::Condition::Any,
            content_type: "text/plain",
        };
        server.bucket("").put(&format!("discogs/_runs/{unfinished}/labels_v10/part"), b"x", &put).unwrap();
        super::promote(&lake, RUN, &server.url()).expect_status(0);
        let prune = |arguments: &[&str]| {
            let mut command = lake.call("prune-runs", &["--keep-in-warehouse", "1", "--open-hours", "0"]);
            at(&mut command, &server.url()).args(arguments).run()
        };
        let plan = prune(&[]).expect_status(0).expect_result("skipped").json();
        let fates: Vec<_> =
            plan["runs_in_warehouse"].as_array().unwrap().iter().map(|run| run["kept"].clone()).collect();
        assert_eq!(fates, ["newest".into(), "active.json".into(), Value::Null], "{name}: {plan}");
        assert_eq!(server.keys(&format!("discogs/_runs/{unfinished}/")).len(), 1, "{name}: a plan removes nothing");
        prune(&["--dry-run=false"]).expect_status(0);
        assert!(server.keys(&format!("discogs/_runs/{unfinished}/")).is_empty(), "{name}");
        super::promote(&lake, NEXT, &server.url()).expect_status(0);
        lake.remove_previous_links();
        prune(&["--dry-run=false"]).expect_status(0);
        assert!(server.keys(&format!("discogs/_runs/{RUN}/")).is_empty(), "{name}");
        assert!(lake.run(RUN).is_dir(), "{name}: the lake keeps its own runs");
        expect_whole(&server, &lake, NEXT);
        assert_eq!(super::named(&server).as_deref(), Some(NEXT), "{name}");
    }
    let lake = lake();
    let missing = lake.call("prune-runs", &["--keep-in-warehouse", "1"]).run().expect_status(2);
    missing.expect_one_line(&["parameter warehouse is missing"]);
    let zero = lake.call("prune-runs", &["--keep-in-warehouse", "0", "--warehouse", WAREHOUSE]).run();
    zero.expect_status(2).expect_one_line(&["keep_in_warehouse", "at least 1"]);
}
