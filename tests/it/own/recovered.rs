//! A table is taken over as of its last commit when the catalog is made again, beside the files of commits that failed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Own;

impl Own {
    fn rebuild(&self) -> Value {
        self.0.call("rebuild-catalog", &[]).run().expect_status(0).json()
    }

    fn catalog(&self) -> PathBuf {
        self.0.path("_meta/catalog.sqlite")
    }

    fn metadata_file(&self) -> PathBuf {
        let history = self.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
        history["metadata_location"].as_str().unwrap().trim_start_matches("file://").into()
    }

    /// Upserts a price, and puts the catalog back as it was: the files are those of a commit that was not made. Returns the
    /// metadata file.
    fn upsert_without_commit(&self, price: u32) -> PathBuf {
        let kept = self.0.beside("catalog.sqlite");
        fs::copy(self.catalog(), &kept).unwrap();
        self.done(format!("id,price\n1,{price}\n"), &[]);
        let file = self.metadata_file();
        fs::copy(kept, self.catalog()).unwrap();
        file
    }
}

/// The id of the session in the name of a metadata file.
fn session(file: &Path) -> String {
    let name = file.file_name().unwrap().to_str().unwrap();
    name.split_once('-').unwrap().1.trim_end_matches(".metadata.json").to_owned()
}

fn twice_upserted() -> Own {
    let own = Own::new();
    own.done("id,price\n1,5\n", &["--key", "id"]);
    own.done("id,price\n1,6\n", &[]);
    own
}

#[test]
fn the_files_of_a_killed_task_are_not_taken_for_a_commit_and_are_removed() {
    recovered_without(|own, killed| {
        fs::write(own.0.path("_meta/session.json"), json!({"session": killed}).to_string()).unwrap();
    });
}

#[test]
fn the_files_of_a_killed_server_are_not_taken_for_a_commit_and_are_removed() {
    recovered_without(|own, killed| {
        let commits = own.0.path("_meta/rest-catalog/commits");
        fs::create_dir_all(&commits).unwrap();
        fs::write(commits.join(format!("{killed}.json")), "[]").unwrap();
    });
}

/// Rebuilds a lost catalog after a commit that was not made, whose session is recorded.
fn recovered_without(record: impl Fn(&Own, &str)) {
    let own = twice_upserted();
    let committed = own.metadata_file();
    let killed = session(&own.upsert_without_commit(7));
    record(&own, &killed);
    fs::remove_file(own.catalog()).unwrap();
    assert_eq!(own.rebuild()["left_out"], json!([]));
    assert_eq!((own.inventory(), own.metadata_file()), (vec!["1,6".to_owned()], committed));
    let files = walkdir::WalkDir::new(own.0.path("_tables")).into_iter().map(|entry| entry.unwrap().into_path());
    let left: Vec<_> = files.filter(|path| path.to_string_lossy().contains(&killed)).collect();
    assert!(left.is_empty() && !own.0.path("_meta/session.json").exists(), "{left:?}");
    own.done("id,price\n1,8\n", &[]);
    assert_eq!(own.inventory(), ["1,8"]);
}

#[test]
fn the_file_that_the_old_catalog_names_is_taken_whatever_its_number_is() {
    let own = twice_upserted();
    let committed = own.metadata_file();
    own.upsert_without_commit(7);
    own.rebuild();
    assert_eq!((own.inventory(), own.metadata_file()), (vec!["1,6".to_owned()], committed));
}

#[test]
fn a_table_whose_files_do_not_tell_the_last_commit_is_left_out_and_named() {
    let own = twice_upserted();
    let failed = own.upsert_without_commit(7);
    own.done("id,price\n1,8\n", &[]);
    let committed = own.metadata_file();
    assert_eq!(failed.file_name().unwrap().to_str().unwrap()[..6], *"00002-");
    fs::remove_file(own.catalog()).unwrap();
    let rebuilt = own.rebuild();
    assert_eq!(rebuilt["metrics"]["own_tables"], 0, "{rebuilt}");
    let why = rebuilt["left_out"][0].as_str().unwrap();
    for part in ["mine/inventory", &session(&failed), &session(&committed), "run rebuild-catalog again"] {
        assert!(why.contains(part), "{why}");
    }
    // Iceberg's Java library removes the manifest list of a commit that failed.
    let metadata: Value = serde_json::from_slice(&fs::read(&failed).unwrap()).unwrap();
    let is_last = |snapshot: &&Value| snapshot["snapshot-id"] == metadata["current-snapshot-id"];
    let last = metadata["snapshots"].as_array().unwrap().iter().find(is_last).unwrap();
    fs::remove_file(last["manifest-list"].as_str().unwrap().trim_start_matches("file://")).unwrap();
    assert_eq!(own.rebuild()["left_out"], json!([]));
    assert_eq!((own.inventory(), own.metadata_file()), (vec!["1,8".to_owned()], committed.clone()));

    // One file, which cannot be read: the one before it is not taken in silence.
    fs::write(&committed, "{").unwrap();
    fs::remove_file(own.catalog()).unwrap();
    fs::remove_file(&failed).unwrap();
    let rebuilt = own.rebuild();
    assert!(rebuilt["left_out"][0].as_str().unwrap().contains(&session(&committed)), "{rebuilt}");
    fs::remove_file(&committed).unwrap();
    own.rebuild();
    assert_eq!(own.inventory(), ["1,6"]);
}
