//! The leftovers of a killed server, and the next one that takes them up.

use std::fs;

use serde_json::json;

use super::support::Lake;

#[tokio::test]
async fn files_of_a_commit_that_was_not_made_are_removed_and_those_of_one_that_was_stay() {
    let mut lake = Lake::new();
    let first = lake.create("t").await;
    let update = json!([{"action": "set-properties", "updates": {"a": "b"}}]);
    let second = lake.commit("t", json!([]), update).await.expect(200);
    let metadata = lake.path(first["metadata"]["location"].as_str().unwrap()).join("metadata");
    let orphan = metadata.join("00002-9c12d441-03fe-4693-9a96-a0705ddf69c1.metadata.json");
    fs::write(&orphan, "{").unwrap();
    let never_written = metadata.join("00003-x.metadata.json");
    let commits = lake.served.state.join("commits");
    let files = json!([
        first["metadata-location"],
        second["metadata-location"],
        format!("file://{}", orphan.display()),
        format!("file://{}", never_written.display()),
    ]);
    fs::write(commits.join("9c12d441-03fe-4693-9a96-a0705ddf69c1.json"), files.to_string()).unwrap();
    // A record that was being written names no file.
    fs::write(commits.join("half.json"), "[\"file:///").unwrap();
    let purged = lake.served.state.join("purged/x/data");
    fs::create_dir_all(&purged).unwrap();
    lake.restart();
    assert!(!orphan.exists() && !purged.exists());
    assert!(lake.files("_meta/rest-catalog").is_empty());
    assert_eq!(lake.load("t").await["metadata"], second["metadata"]);
    for kept in [&first, &second] {
        assert!(lake.path(kept["metadata-location"].as_str().unwrap()).is_file());
    }
}

#[tokio::test]
async fn the_record_of_a_running_commit_is_left_to_its_server() {
    let mut lake = Lake::new();
    lake.create("t").await;
    let path = lake.served.state.join("commits/running.json");
    fs::write(&path, "[]").unwrap();
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    lake.restart();
    assert!(path.exists());
    drop(held);
    lake.restart();
    assert!(!path.exists());
}
