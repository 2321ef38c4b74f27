//! The months that there are.

use std::fs;

use super::{Setting, checksum, publish};
use crate::support::sample_dumps;

#[test]
fn the_real_pages_are_understood() {
    let Some(pages) = sample_dumps().map(|folder| folder.join("listing")) else { return };
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

    // The links of the real page lead to the files, and the checksum decides, regardless of the size that the page names. The real sizes
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
