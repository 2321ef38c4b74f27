//! The same dump gives the same bytes: in another run, on any number of threads, in blocks of any size.

use std::collections::BTreeMap;

use crate::support::{ENTITIES, RUN, TestLake, month};

/// The hash of each Parquet file of a run, by its path without the run id.
fn hashes(lake: &TestLake, run: &str) -> BTreeMap<String, String> {
    let folder = lake.root().join("_runs").join(run);
    let mut hashes = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap) {
        if entry.file_name() == "_dataset.json" {
            let table = entry.path().parent().unwrap().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            let dataset = lake.json(entry.path().strip_prefix(lake.root()).unwrap().to_str().unwrap());
            for file in dataset["files"].as_array().unwrap() {
                let name = file["name"].as_str().unwrap().replace(run, "RUN");
                hashes.insert(format!("{table}/{name}"), file["sha256"].as_str().unwrap().to_owned());
            }
        }
    }
    hashes
}

fn built(lake: &TestLake, run: &str, further: &[&str], threads: &str) -> BTreeMap<String, String> {
    lake.begin(run, month());
    for entity in ENTITIES {
        let mut command = lake.task(&format!("ingest-{entity}"));
        command.args(&["--run-id", run, "--threads", threads]).args(further).run().expect_status(0);
    }
    lake.task("build-warehouse").args(&["--run-id", run, "--threads", threads]).run().expect_status(0);
    hashes(lake, run)
}

#[test]
fn two_runs_of_the_same_dumps_have_the_same_bytes() {
    let lake = TestLake::new();
    let first = built(&lake, RUN, &[], "2");
    assert!(first.len() > 30, "{:?}", first.keys());
    assert_eq!(built(&lake, "20261121_000000", &[], "2"), first);
}

#[test]
fn threads_and_blocks_do_not_change_a_byte() {
    let lake = TestLake::new();
    let expected = built(&lake, RUN, &[], "1");
    for (run, threads, block) in [
        ("20261121_000001", "2", "64KiB"),
        ("20261121_000002", "3", "1MiB"),
        ("20261121_000003", "8", "4MiB"),
        ("20261121_000004", "8", "64KiB"),
        ("20261121_000005", "1", "1000"),
    ] {
        assert_eq!(
            built(&lake, run, &["--block-size", block], threads),
            expected,
            "{threads} threads, blocks of {block}"
        );
    }
}
