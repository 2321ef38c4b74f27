//! The months that there are.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Setting, checksum, publish};

/// Real pages of the site.
fn real_pages() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/dumps");
    let named = std::env::var_os("DISCOGS_SAMPLE_DUMPS").map(PathBuf::from);
    let places = named.into_iter().chain([beside, PathBuf::from("/work/shared/dumps")]);
    let found = places.map(|folder| folder.join("listing")).find(|folder| folder.is_dir());
    if found.is_none() {
        let message = "the real listing pages are missing; set DISCOGS_SAMPLE_DUMPS to the folder of the samples";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
    }
    found
}

#[test]
fn the_real_pages_are_understood() {
    let Some(pages) = real_pages() else { return };
    let setting = Setting::new();
    setting.site.page("data/", &fs::read_to_string(pages.join("DiscogsDataIndex.html")).unwrap());
    setting.site.page("data/2026/", &fs::read_to_string(pages.join("DiscogsData2026.html")).unwrap());
    let json = setting.task(&["--list"]).run().expect_status(0).json();
    assert_eq!(json["years"], serde_json::json!([2008, 2025, 2026]));
    let months = json["months"].as_array().unwrap();
    assert_eq!(months.len(), 1);
    assert_eq!((&months[0]["month"], &months[0]["date"]), (&"2026-07".into(), &"20260701".into()));
    assert_eq!((&months[0]["complete"], months[0]["entities"].as_array().unwrap().len()), (&true.into(), 4));
    assert_eq!(json["metrics"]["requests"], 2);

    // The links of the real page lead to the files, and the checksum decides, whatever size the page names. The real sizes
    // want 12 GB of free disk, which a test must not.
    let small =
        fs::read_to_string(pages.join("DiscogsData2026.html")).unwrap().replace(" MB", " KB").replace(" GB", " KB");
    setting.site.page("data/2026/", &small);
    setting.download(&[]).run().expect_status(0);
    assert_eq!(setting.there(), setting.files);
}

#[test]
fn months_are_shown_with_what_they_lack() {
    let setting = Setting::new();
    publish(&setting.site, "20260801", 1000);
    setting.site.without(&checksum("20260801"));
    let finished = setting.task(&["--list", "--dump-month", "2026-01"]).run().expect_status(0);
    let json = finished.json();
    let complete: Vec<_> = json["months"].as_array().unwrap().iter().map(|month| month["complete"].clone()).collect();
    assert_eq!(complete, [true, false]);
    assert_eq!(json["metrics"]["requests"], 1);
    finished.expect_stderr("2026-08 (2026-08-01): not complete yet");
}
