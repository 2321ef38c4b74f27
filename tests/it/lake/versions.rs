//! A task that writes other bytes has another revision, or a rerun would find the old bytes and call them done.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::support::{ENTITIES, RUN, TestLake, month};

/// Task, revision and hash of all that the task writes for the shared month, a line each; and the hash of the dumps
/// themselves, because other dumps make other bytes.
const RECORDED: &str = "tests/it/lake/versions.txt";

#[test]
fn what_a_task_writes_changes_with_its_revision_alone() {
    let mut dumps = Sha256::new();
    for entity in ENTITIES {
        dumps.update(std::fs::read(month().dump(entity)).unwrap());
    }
    let dumps = hex::encode(dumps.finalize());
    let mut written = BTreeMap::<String, (u64, Sha256)>::new();
    let run = TestLake::built().in_run("");
    let descriptions = walkdir::WalkDir::new(&run).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    for path in descriptions.filter(|entry| entry.file_name() == "_dataset.json") {
        let path = path.path().strip_prefix(TestLake::built().root()).unwrap().to_str().unwrap().to_owned();
        let dataset = TestLake::built().json(&path);
        let task = dataset["producer"]["task"].as_str().unwrap();
        let revision = dataset["producer"]["revision"].as_u64().unwrap();
        let (_, hash) = written.entry(task.to_owned()).or_insert((revision, Sha256::new()));
        for file in dataset["files"].as_array().unwrap() {
            hash.update(format!("{} {}\n", dataset["table"], file["sha256"]));
        }
    }
    let mut found = format!("dumps - {dumps}\n");
    for (task, (revision, hash)) in written {
        found += &format!("{task} {revision} {}\n", hex::encode(hash.finalize()));
    }
    let recorded = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDED)).unwrap();
    let advice = match recorded.lines().next() == found.lines().next() {
        true => "raise the revision of each task whose hash changed, in src/lake/producer.rs",
        false => "generate-dumps writes other dumps; if that is the only change, raise no revision",
    };
    assert!(
        recorded == found,
        "the tasks write other bytes than {RECORDED} records; {advice}, and record these:\n{found}"
    );
}

#[test]
fn a_dataset_of_another_revision_is_not_taken_for_done() {
    let lake = TestLake::ingested();
    let path = lake.in_run("labels_v10/_dataset.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // The version of the software alone does not matter.
    let version = text.find("\"version\":").unwrap();
    let end = version + text[version..].find(',').unwrap();
    let renamed = text.replace(&text[version..end], "\"version\": \"0.0.1\"");
    std::fs::write(&path, &renamed).unwrap();
    lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(0).expect_result("already_done");

    let revision = renamed.find("\"revision\":").unwrap();
    let end = revision + renamed[revision..].find(['\n', ',', '}']).unwrap();
    std::fs::write(&path, renamed.replace(&renamed[revision..end], "\"revision\": 0")).unwrap();
    lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(2).expect_stderr("by another version");
    lake.task("ingest-labels").args(&["--run-id", RUN, "--replace=true"]).run().expect_status(0).expect_result("done");
}
