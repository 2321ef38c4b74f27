use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::good_lake::GOOD;
use crate::support::TestLake;

#[test]
fn every_showcase_query_says_what_it_shows_and_gives_rows() {
    let lake = TestLake::checked();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/showcase_queries");
    let csv = lake.root().join("rows.csv");
    let mut names = Vec::new();
    for entry in WalkDir::new(&folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let name = entry.path().strip_prefix(&folder).unwrap().with_extension("").to_str().unwrap().to_owned();
        let text = fs::read_to_string(entry.path()).unwrap();
        assert!(text.starts_with("-- ") && text.lines().next().unwrap().ends_with('.'), "{name} says what it shows");
        lake.task("query")
            .args(&["--run-id", GOOD, "--name", &name, "--csv", csv.to_str().unwrap()])
            .run()
            .expect_status(0);
        let rows = fs::read_to_string(&csv).unwrap().lines().count();
        assert!(rows > 1, "{name} gives no rows");
        names.push(name);
    }
    for known in NAMES_PEOPLE_KNOW {
        assert!(names.iter().any(|name| name == known), "{known}");
    }
}

/// The queries of the pipelines before this one.
const NAMES_PEOPLE_KNOW: [&str; 10] = [
    "00_overview/01_dataset_overview",
    "10_artists/01_artist_alias_coverage",
    "20_masters/01_masters_by_year",
    "30_releases/01_release_country_top",
    "30_releases/02_releases_styles_top",
    "40_labels/01_label_parent_rollup",
    "50_memberships/01_groups_with_most_members",
    "90_joined_showcase/02_release_fact_rollup",
    "90_joined_showcase/03_release_fact_rollup_counts",
    "90_joined_showcase/05_release_fact_metrics",
];
