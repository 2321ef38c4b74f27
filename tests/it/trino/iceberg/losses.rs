//! Statements of Trino that could delete files of a run.

use super::Tables;
use crate::support::Snapshot;

#[test]
fn no_statement_of_trino_loses_a_file_of_a_run() {
    let Some(tables) = Tables::new() else { return };
    let runs = tables.stack.folder().join("_runs");
    let before = Snapshot::of(&runs);
    let sums = "SELECT count(*), sum(label_id), sum(length(name)) FROM labels_v10";
    let of_run = tables.row(sums);
    tables.change("DELETE FROM labels_v10 WHERE label_id % 2 = 0");
    assert_ne!(tables.row(sums), of_run);
    tables.change("ALTER TABLE labels_v10 EXECUTE optimize");
    let refused = tables.refused("ALTER TABLE labels_v10 EXECUTE expire_snapshots(retention_threshold => '7d')");
    assert!(refused.contains("GC is disabled"), "{refused}");
    tables.change("ALTER TABLE labels_v10 EXECUTE remove_orphan_files(retention_threshold => '7d')");
    tables.change("DROP TABLE labels_v10");
    before.expect_unchanged(&runs);
    tables.task("rebuild-catalog", &[]).expect_status(0);
    assert_eq!(tables.row(sums), of_run);
}
