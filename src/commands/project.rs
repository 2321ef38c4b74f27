//! What the tasks of this project have in common.

use crate::lake::kept_by_a_lake;
use digdag_task::Project;

/// The tasks of this project.
pub(super) const PROJECT: Project = Project { prefix: "DISCOGS_", own_names: OWN_NAMES, protected: kept_by_a_lake };

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
