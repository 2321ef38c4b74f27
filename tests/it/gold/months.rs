use super::{NEXT, build, publish, rows, two_months};
use crate::support::{RUN, Snapshot};

const MONTHS: &str = "SELECT dump_month, sum(value) FILTER (WHERE metric = 'releases') AS releases, count(change) > 0
    FROM gold.monthly_metrics GROUP BY dump_month ORDER BY dump_month";
const RELEASES: &str = "SELECT count(*), count(DISTINCT release_id) FROM gold.release_wide";

#[test]
fn tables_are_built_once_and_hold_what_the_run_holds() {
    let lake = two_months();
    lake.call("build-gold", &[]).run().expect_status(2).expect_stderr("nothing is published");
    let runs = Snapshot::of(&lake.root().join("_runs"));
    let built = publish(&lake, RUN);
    assert_eq!((&built["status"], &built["run_id"]), (&"done".into(), &RUN.into()), "{built}");
    let tables: Vec<_> = built["tables"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let all = ["artist_activity", "label_year", "monthly_metrics", "release_features", "release_wide", "style_trend"];
    assert_eq!(tables, all.map(|name| format!("gold.{name}")));
    runs.expect_unchanged(&lake.root().join("_runs"));

    assert_eq!(rows(&lake, RELEASES, &[]), ["300,300"]);
    assert_eq!(rows(&lake, MONTHS, &[]), ["2026-11-01,300,false"]);
    // Each is counted in another way than its query counts.
    for (found, expected) in [
        (
            "SELECT sum(tracks) FROM gold.release_wide",
            "SELECT count(*) FROM release_tracks_v1 WHERE position IS NOT NULL",
        ),
        (
            "SELECT dimension, value FROM gold.monthly_metrics WHERE metric = 'releases by style' AND dimension <> '(none)'
             ORDER BY ALL",
            "SELECT style, count(*) FROM (SELECT DISTINCT release_id, style FROM release_style_xref_v1) GROUP BY style
             ORDER BY ALL",
        ),
        (
            "SELECT label_id, sum(releases) FROM gold.label_year GROUP BY label_id ORDER BY ALL",
            "SELECT label_id, count(DISTINCT release_id) FROM release_labels_v1
             WHERE label_id IS NOT NULL AND release_id IN (FROM (SELECT release_id FROM releases_v6 WHERE released_year > 0))
             GROUP BY label_id ORDER BY ALL",
        ),
        (
            "SELECT artist_id, releases, first_year FROM gold.artist_activity WHERE releases > 0 ORDER BY ALL",
            "SELECT artist_id, count(DISTINCT release_id), min(released_year)
             FROM release_artist_credits_v1 JOIN releases_v6 USING (release_id) JOIN artists_v1_typed USING (artist_id)
             GROUP BY artist_id ORDER BY ALL",
        ),
        (
            "SELECT released_year, round(sum(share * in_year)) FROM gold.style_trend
             JOIN (SELECT released_year, count(*) AS in_year FROM releases_v6 GROUP BY ALL) USING (released_year)
             GROUP BY released_year ORDER BY ALL",
            "SELECT released_year, count(DISTINCT (release_id, style))::DOUBLE
             FROM release_styles_v1 JOIN releases_v6 USING (release_id) WHERE released_year IS NOT NULL
             GROUP BY released_year ORDER BY ALL",
        ),
        (
            "SELECT genre, count(*) FROM gold.release_features GROUP BY genre ORDER BY ALL",
            "SELECT genre, count(*) FROM release_genres_v1 WHERE position = 1 GROUP BY genre ORDER BY ALL",
        ),
    ] {
        assert_eq!(rows(&lake, found, &[]), rows(&lake, expected, &[]), "{found}");
    }
    let splits = rows(&lake, "SELECT DISTINCT split FROM gold.release_features ORDER BY split", &[]);
    assert_eq!(splits, ["test", "train", "validation"]);

    let before = lake.snapshot();
    assert_eq!(build(&lake)["status"], "already_done");
    lake.call("build-gold", &["--tables", "gold.style_trend"]).run().expect_status(0).expect_result("already_done");
    lake.call("build-gold", &["--tables", "style"]).run().expect_status(2).expect_stderr("gold.style_trend");
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_month_replaces_its_own_rows_and_a_rollback_takes_the_tables_along() {
    let lake = two_months();
    publish(&lake, RUN);
    lake.call("stage-tables", &["--run-id", NEXT]).run().expect_status(0);
    lake.promote(NEXT).expect_status(0);
    // Until it is built, the month before is what the tables show, and say that they show.
    assert_eq!(rows(&lake, MONTHS, &[]), ["2026-11-01,300,false"]);
    let tried = lake.call("build-gold", &["--dry-run"]).run().expect_status(0).json();
    assert_eq!((&tried["status"], &tried["metrics"]["tables"]), (&"skipped".into(), &6.into()), "{tried}");
    assert_eq!(rows(&lake, MONTHS, &[]), ["2026-11-01,300,false"]);
    assert_eq!(build(&lake)["status"], "done");
    let both = ["2026-11-01,300,false", "2026-12-01,310,true"];
    assert_eq!(
        (rows(&lake, MONTHS, &[]), rows(&lake, RELEASES, &[])),
        (both.map(str::to_owned).into(), vec!["310,310".to_owned()])
    );
    let change = "SELECT change FROM gold.monthly_metrics WHERE metric = 'releases' AND dump_month = DATE '2026-12-01'";
    assert_eq!(rows(&lake, change, &[]), ["10"]);

    // An earlier month, read as it was built then.
    assert_eq!(rows(&lake, RELEASES, &["--as-of", "2026-11"]), ["300,300"]);
    assert_eq!(rows(&lake, MONTHS, &["--run-id", RUN]), ["2026-11-01,300,false"]);

    lake.call("rollback", &["--from-run-id", NEXT]).run().expect_status(0);
    assert_eq!(
        (rows(&lake, MONTHS, &[]), rows(&lake, RELEASES, &[])),
        (vec![both[0].to_owned()], vec!["300,300".to_owned()])
    );
    assert_eq!(build(&lake)["status"], "already_done");
    lake.promote(NEXT).expect_status(0);
    assert_eq!(
        (rows(&lake, MONTHS, &[]), rows(&lake, RELEASES, &[])),
        (both.map(str::to_owned).into(), vec!["310,310".to_owned()])
    );
    assert_eq!(build(&lake)["status"], "already_done");

    // The first run goes; its month stays in the table of months.
    lake.remove_previous_links();
    lake.call("prune-runs", &["--keep", "1", "--dry-run=false"]).run().expect_status(0);
    assert_eq!(rows(&lake, MONTHS, &[]), both);
    lake.call("query", &["--run-id", RUN, "--sql", RELEASES]).run().expect_status(2);
    let upkeep = ["--keep-snapshots", "1", "--keep-days", "0", "--unnamed-hours", "0", "--dry-run", "false"];
    let maintained = lake.call("maintain-tables", &upkeep).run().expect_status(0).json();
    assert_eq!(maintained["metrics"]["expired_snapshots"], 6, "one of each table: {maintained}");
    assert_eq!(
        (rows(&lake, MONTHS, &[]), rows(&lake, RELEASES, &[])),
        (both.map(str::to_owned).into(), vec!["310,310".to_owned()])
    );
}
