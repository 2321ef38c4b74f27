use super::{enforce, metric, remove};
use crate::support::{Snapshot, sealed_lake};

#[test]
fn old_runs_go_only_if_asked_and_never_one_that_is_needed() {
    let (lake, [first, second, third]) = sealed_lake();
    for run in [first, second, third] {
        lake.task("stage-tables").args(&["--run-id", run]).run().expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let runs = lake.root().join("_runs");
    let before = Snapshot::of(&runs);
    remove(&lake, &["--keep", "silver=1"]);
    before.expect_unchanged(&runs);
    let kept = remove(&lake, &["--runs", "true"]);
    assert_eq!(metric(&kept, "removed_runs"), 0, "younger than 730 days: {kept}");
    before.expect_unchanged(&runs);

    let asked = ["--runs", "true", "--keep", "silver=1"];
    let shown = enforce(&lake, &asked);
    assert_eq!((&shown["runs"], &shown["status"]), (&serde_json::json!([first]), &"skipped".into()), "{shown}");
    assert!(metric(&shown, "removed_bytes") > 0, "{shown}");
    before.expect_unchanged(&runs);
    let done = remove(&lake, &asked);
    assert_eq!((&done["runs"], &done["status"]), (&serde_json::json!([first]), &"done".into()), "{done}");
    assert!(!runs.join(first).exists() && runs.join(second).exists() && runs.join(third).exists());
    // The newest link to an earlier run stays, so there is a way back.
    lake.task("rollback").args(&["--from-run-id", third]).run().expect_status(0);
    lake.task("query").args(&["--sql", "SELECT count(*) FROM releases_v6"]).run().expect_status(0);
}
