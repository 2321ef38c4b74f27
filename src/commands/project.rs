//! The settings that all tasks of this project share.

use digdag_task::Project;
use lake_layout::kept_by_a_lake;

/// The task contract of this project.
pub(super) const PROJECT: Project = Project { prefix: "DISCOGS_", own_names: OWN_NAMES, protected: kept_by_a_lake };

/// Parameters that are read from an environment variable of their own name outside of Digdag as well, because no other
/// program uses these names.
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
    "parquet_encodings",
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
