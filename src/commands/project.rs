//! What the tasks of this project have in common.

use std::path::{Path, PathBuf};

use digdag_task::Project;

/// The tasks of this project.
pub(super) const PROJECT: Project = Project { prefix: "DISCOGS_", own_names: OWN_NAMES, protected: lake_folder };

/// Parameters with names of this domain, which count as environment variables outside of Digdag, too.
const OWN_NAMES: &[&str] = &[
    "allow_older",
    "allow_promote",
    "artists_dump",
    "collection",
    "do_download",
    "do_xml_tests",
    "dump_month",
    "from_run_id",
    "labels_dump",
    "lake",
    "masters_dump",
    "on_bad_record",
    "promote_run_id",
    "raw_root",
    "releases_dump",
    "report_run_id",
    "run_id",
    "run_mode",
    "session_time",
    "to_run_id",
    "trino_catalog",
    "trino_lake_root",
    "trino_schema",
    "trino_url",
    "trino_user",
    "xml_test_records",
];

/// Returns the folder of a lake that a path lies in, if tasks alone write there.
fn lake_folder(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let below = |name: &str| name == "_runs" || name == "_meta" || name.starts_with("active");
    path.ancestors()
        .find(|folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            below(&name) && folder.parent().is_some_and(|lake| lake.join("_runs").is_dir())
        })
        .map(Path::to_owned)
}
