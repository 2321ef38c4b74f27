//! Dumps in S3: read as a stream, checked as local ones are, without a copy on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use lake_store::{Condition, Put};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::relay::{Act, Relay};
use super::server::{KEY, SECRET, Server};
use super::servers;
use crate::support::{Finished, RUN, TestLake, month};

const RAW: &str = "s3://lake/raw";

fn put(server: &Server, key: &str, bytes: &[u8]) {
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    let put = Put { sha256: &sha256, condition: Condition::Any, content_type: "application/gzip" };
    server.bucket("").put(key, bytes, &put).unwrap();
}

/// Puts the month's dumps and their CHECKSUM file there.
fn put_month(server: &Server) {
    for entry in fs::read_dir(month().folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("discogs_") {
            put(server, &format!("raw/{}/{name}", month().name()), &fs::read(&path).unwrap());
        }
    }
}

fn call(lake: &TestLake, task: &str, arguments: &[&str], endpoint: &str) -> Finished {
    let mut command = lake.call(task, arguments);
    command.args(&["--s3-endpoint", endpoint, "--s3-first-wait", "1ms"]);
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).run()
}

fn begin(lake: &TestLake, endpoint: &str) -> Finished {
    let arguments = ["--raw-root", RAW, "--dump-month", month().name(), "--run-id", RUN, "--min-free", "1MiB"];
    call(lake, "preflight", &arguments, endpoint)
}

/// The files of a run's datasets, each with its bytes.
fn files(lake: &TestLake) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for table in fs::read_dir(lake.run(RUN)).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(table.path()).unwrap().flatten() {
            if file.path().extension().is_some_and(|extension| extension == "parquet") {
                let name = format!("{:?}/{:?}", table.file_name(), file.file_name());
                found.insert(name, fs::read(file.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn dumps_in_s3_make_the_files_that_local_ones_make_also_over_a_connection_that_breaks() {
    let local = TestLake::ingested();
    for (name, server) in servers() {
        put_month(&server);
        let lake = TestLake::new();
        // Every fourth request fails, so none twice in a row.
        let requests = AtomicUsize::new(0);
        let relay = Relay::before(server.port, move |_| match requests.fetch_add(1, Ordering::SeqCst) % 8 {
            3 => Act::CutAnswer,
            7 => Act::Status(503, "Retry-After: 0\r\n", "SlowDown"),
            _ => Act::Pass,
        });
        let begun = begin(&lake, &relay.url()).expect_status(0).json();
        let dump = begun["releases_dump"].as_str().unwrap();
        assert!(dump.starts_with(&format!("{RAW}/{}/discogs_", month().name())), "{name}: {dump}");
        for entity in ["artists", "labels", "masters", "releases"] {
            let ingest = format!("ingest-{entity}");
            let done = call(&lake, &ingest, &["--run-id", RUN], &relay.url()).expect_status(0).expect_result("done");
            let input = &done.json()["inputs"][0];
            let file = fs::read(month().dump(entity)).unwrap();
            assert_eq!(input["bytes"], file.len(), "{name}");
            assert_eq!(input["sha256"], hex::encode(Sha256::digest(&file)), "{name}");
            let again = call(&lake, &ingest, &["--run-id", RUN], &relay.url()).expect_status(0);
            again.expect_result("already_done");
        }
        assert_eq!(files(&lake), files(&local), "{name}");
        let gets = relay.seen().iter().filter(|seen| seen.target.contains("releases.xml.gz")).count();
        assert!(gets > 0, "{name}");
        let description = lake.json(&format!("_runs/{RUN}/_run.json")).to_string();
        assert!(!description.contains(KEY) && !description.contains(SECRET), "{name}");
    }
}

#[test]
fn a_dump_that_differs_is_cut_or_is_replaced_meanwhile_is_one_line_and_leaves_no_dataset() {
    let Some(server) = Server::s3s() else { return };
    put_month(&server);
    let key = |suffix: &str| {
        let keys = server.keys(&format!("raw/{}/", month().name()));
        keys.into_iter().find(|key| key.ends_with(suffix)).unwrap()
    };
    let artists = key("artists.xml.gz");
    let whole = server.object(&artists);
    let lake = TestLake::new();
    begin(&lake, &server.url()).expect_status(0);
    let ingest = |endpoint: &str| call(&lake, "ingest-artists", &["--run-id", RUN], endpoint);

    // A server that fails for good is exit 6, a damaged dump 5.
    let denied = Relay::before(server.port, |seen| match seen.method.as_str() {
        "GET" => Act::Status(403, "", "AccessDenied"),
        _ => Act::Pass,
    });
    ingest(&denied.url()).expect_status(6).expect_one_line(&["s3://lake/raw", "AccessDenied"]);
    put(&server, &artists, &whole[..whole.len() / 2]);
    ingest(&server.url()).expect_status(5).expect_one_line(&["the gzip stream ends early"]);
    server.bucket("").delete(&artists).unwrap();
    ingest(&server.url()).expect_status(5).expect_one_line(&["the dump s3://lake/raw", "is missing"]);
    put(&server, &artists, &whole);

    // Another object takes its place between the look at it and the read of it.
    let port = server.port;
    let other = whole.clone();
    let place = artists.clone();
    let is_replaced = std::sync::atomic::AtomicBool::new(false);
    let writer = server.bucket("");
    let replaced = Relay::before(port, move |seen| {
        if seen.method == "GET" && !is_replaced.swap(true, Ordering::SeqCst) {
            let mut bytes = other.clone();
            bytes[4] ^= 1;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            let put = Put { sha256: &sha256, condition: Condition::Any, content_type: "application/gzip" };
            writer.put(&place, &bytes, &put).unwrap();
        }
        Act::Pass
    });
    ingest(&replaced.url()).expect_status(5).expect_one_line(&["the file changed while it was read"]);
    // The time in the header of gzip is another one, so the bytes are whole and the published digest is not theirs.
    ingest(&server.url()).expect_status(5).expect_one_line(&["does not match its CHECKSUM file"]);
    assert!(files(&lake).is_empty());
    put(&server, &artists, &whole);
    ingest(&server.url()).expect_status(0);

    let elsewhere = TestLake::new();
    let arguments = ["--raw-root", "s3://lake/nothing", "--dump-month", month().name(), "--run-id", RUN];
    let nothing = call(&elsewhere, "preflight", &arguments, &server.url()).expect_status(5);
    nothing.expect_one_line(&["s3://lake/nothing", "holds no dump of its month"]);
}

#[test]
fn a_trial_and_bronze_read_dumps_in_s3_too() {
    let Some(server) = Server::s3s() else { return };
    put_month(&server);
    let lake = TestLake::new();
    begin(&lake, &server.url()).expect_status(0);
    let arguments = ["--run-id", RUN, "--do-xml-tests=true", "--xml-test-records", "5"];
    let sample: Value = call(&lake, "sample-dumps", &arguments, &server.url()).expect_status(0).json();
    assert_eq!(sample["metrics"]["labels_records"], 5, "{sample}");
    let arguments = ["--run-id", RUN, "--bronze", "full", "--bronze-entities", "labels"];
    call(&lake, "append-bronze-dump", &arguments, &server.url()).expect_status(0);
}
