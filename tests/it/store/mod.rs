//! Runs in object storage: through the programs, against s3s-fs and s3mock, and through a relay that fails.

mod credentials;
mod documentation;
mod dumps;
mod faults;
mod pointer;
mod refused;
pub mod relay;
pub mod server;
mod source;
mod stack;
pub mod tables;
mod transfer;

use std::fmt::Write;
use std::sync::OnceLock;

use server::{Server, at};

use crate::support::{Dir, Finished, RUN, TestLake, month};

/// The part size of the tests, the smallest that S3 takes.
pub const PART: &str = "5MiB";

/// A later run of the same month.
pub const NEXT: &str = "2026-11__20261121_000000";

/// The file of the lake that has several parts.
pub fn large_file(run: &str) -> String {
    format!("collection/part-{run}-00000.parquet")
}

/// A copy of a lake with two sealed runs of the same inputs, of which a file has three parts of [`PART`].
pub fn lake() -> TestLake {
    static MADE: OnceLock<TestLake> = OnceLock::new();
    let made = || {
        let lake = TestLake::of(Dir::shared());
        let collection = lake.write("discogs_page_1.json", collection());
        for run in [RUN, NEXT] {
            lake.begin(run, month());
            lake.ingest(run);
            let ingest = ["--run-id", run, "--collection", collection.to_str().unwrap()];
            lake.call("ingest-collection", &ingest).run().expect_status(0);
            lake.call("build-warehouse", &["--run-id", run]).run().expect_status(0);
            lake.call("sanity-check", &["--run-id", run, "--environment", "sample"]).run().expect_status(0);
        }
        let bytes = std::fs::metadata(lake.run(RUN).join(large_file(RUN))).unwrap().len();
        assert!(bytes > 10 << 20 && bytes < 15 << 20, "three parts are expected of {bytes} bytes");
        lake
    };
    MADE.get_or_init(made).copy()
}

/// A collection of items whose titles no codec makes much smaller.
fn collection() -> String {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    let mut state: u64 = 88_172_645_463_325_252;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[(state % 64) as usize])
    };
    let mut text = String::from("[");
    for item in 0..4000 {
        let title: String = (0..4000).map(|_| letter()).collect();
        let comma = if item == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"id": 5, "instance_id": {item}, "basic_information": {{"id": 5, "title": "{title}"}}}}"#
        )
        .unwrap();
    }
    text.push(']');
    text
}

/// Sends a run with the smallest parts.
pub fn upload(lake: &TestLake, run: &str, endpoint: &str) -> Finished {
    let mut command = lake.call("upload-run", &["--run-id", run, "--part-size", PART]);
    at(&mut command, endpoint).run()
}

/// Publishes a run here and there.
pub fn promote(lake: &TestLake, run: &str, endpoint: &str) -> Finished {
    let arguments = ["--run-id", run, "--run-mode", "prod", "--allow-promote", "true"];
    at(&mut lake.call("promote", &arguments), endpoint).run()
}

/// The servers that are installed.
pub fn servers() -> Vec<(&'static str, Server)> {
    let found = [("s3s-fs", Server::s3s()), ("s3mock", Server::s3mock())];
    found.into_iter().filter_map(|(name, server)| Some((name, server?))).collect()
}

/// The run that `active.json` names.
pub fn named(server: &Server) -> Option<String> {
    let pointer = server.bucket("").get("discogs/active.json", 1 << 20).unwrap()?;
    let pointer: serde_json::Value = serde_json::from_slice(&pointer.bytes).unwrap();
    Some(pointer["run_id"].as_str().unwrap().to_owned())
}

/// Requires a run to be there with every file of its manifest, byte for byte.
#[track_caller]
pub fn expect_whole(server: &Server, lake: &TestLake, run: &str) {
    let manifest = std::fs::read(lake.run(run).join("_manifest.json")).unwrap();
    assert_eq!(server.object(&format!("discogs/_runs/{run}/_manifest.json")), manifest);
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let there = server.object(&format!("discogs/_runs/{run}/{path}"));
        assert!(there == std::fs::read(lake.run(run).join(path)).unwrap(), "{path} differs");
    }
}

/// Requires a run to have no manifest, so that no reader takes it for whole.
#[track_caller]
pub fn expect_not_whole(server: &Server, run: &str) {
    let keys = server.keys(&format!("discogs/_runs/{run}/"));
    assert!(!keys.iter().any(|key| key.ends_with("_manifest.json")), "{keys:?}");
}
