use std::fs;

use super::site::Site;
use super::{ENTITIES, Setting, checksum, dump, publish};
use crate::support::Dir;

#[test]
fn a_month_takes_six_requests_and_is_verified() {
    let setting = Setting::new();
    let json = setting.download(&[]).run().expect_status(0).json();
    assert_eq!(json["status"], "done");
    assert_eq!(json["dump_date"], "20260701");
    assert_eq!(json["metrics"]["requests"], 6);
    assert_eq!(json["files"].as_array().unwrap().len(), 4);
    assert_eq!(setting.there(), setting.files);
    assert_eq!(setting.parts(), [] as [String; 0]);
    assert_eq!(setting.site.requests().len(), 6);
}

#[test]
fn what_is_there_is_not_asked_for_again() {
    let setting = Setting::new();
    setting.download(&[]).run().expect_status(0);
    let json = setting.download(&[]).run().expect_status(0).json();
    assert_eq!((&json["status"], &json["metrics"]["requests"]), (&"already_done".into(), &0.into()));
    assert_eq!(setting.site.requests().len(), 6);

    // One is missing: the listing, CHECKSUM, and that one.
    fs::remove_file(setting.path(&dump("20260701", "masters"))).unwrap();
    let json = setting.download(&[]).run().expect_status(0).json();
    assert_eq!((&json["status"], &json["metrics"]["requests"]), (&"done".into(), &3.into()));
    assert_eq!(setting.there(), setting.files);
}

#[test]
fn entities_can_be_fetched_one_by_one() {
    let setting = Setting::new();
    for (entities, requests) in [("labels", 3), ("labels,artists", 3), ("labels", 0)] {
        let json = setting.download(&["--entities", entities]).run().expect_status(0).json();
        assert_eq!(json["metrics"]["requests"], requests, "{entities}");
    }
    let names: Vec<_> = setting.there().into_keys().collect();
    assert_eq!(names, [checksum("20260701"), dump("20260701", "artists"), dump("20260701", "labels")]);
}

#[test]
fn of_several_dates_the_newest_complete_one_counts() {
    let setting = Setting::new();
    let newer = publish(&setting.site, "20260715", 1000);
    publish(&setting.site, "20260722", 1000);
    setting.site.without(&checksum("20260722"));
    let json = setting.download(&[]).run().expect_status(0).json();
    assert_eq!(json["dump_date"], "20260715");
    assert_eq!(setting.there(), newer);
}

#[test]
fn a_month_without_its_checksum_file_is_not_complete() {
    let setting = Setting::new();
    setting.site.without(&checksum("20260701"));
    let finished = setting.download(&[]).run().expect_status(5);
    let json = finished.json();
    assert_eq!(json["error"]["class"], "bad_input");
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.contains("not complete") && message.contains("CHECKSUM"), "{message}");
    assert!(json["error"]["hint"].as_str().unwrap().contains("try again after 20"), "{json}");
    assert_eq!(setting.site.requests().len(), 1);
}

#[test]
fn a_month_that_the_site_does_not_have_is_named_with_those_it_has() {
    let setting = Setting::new();
    let mut command = setting.task(&["--do-download", "--raw-root", "raw", "--dump-month", "2026-03"]);
    let json = command.run().expect_status(5).json();
    assert!(json["error"]["message"].as_str().unwrap().contains("it has 2026-07"), "{json}");
    let mut command = setting.task(&["--do-download", "--raw-root", "raw", "--dump-month", "2099-03"]);
    let json = command.run().expect_status(5).json();
    assert!(json["error"]["hint"].as_str().unwrap().contains("try again after 2099-03-01 20:00 UTC"), "{json}");
}

#[test]
fn nothing_is_fetched_unless_it_is_asked_for() {
    let setting = Setting::new();
    for arguments in [&["--raw-root", "raw", "--dump-month", "2026-07"][..], &["--do-download=false"]] {
        let json = setting.task(arguments).run().expect_status(0).json();
        assert_eq!(json["status"], "skipped");
        assert!(json["reason"].as_str().unwrap().contains("do_download"), "{json}");
    }
    assert_eq!(setting.site.requests(), []);
    assert!(!setting.dir.path("raw").exists());
}

#[test]
fn what_it_needs_is_named() {
    let setting = Setting::new();
    for (arguments, name) in [
        (&["--do-download", "--dump-month", "2026-07"][..], "raw_root"),
        (&["--do-download", "--raw-root", "raw"], "dump_month"),
        (&["--max-wait", "soon"], "max_wait"),
        (&["--entities", "songs"], "entities"),
    ] {
        let json = setting.task(arguments).env("DISCOGS_RAW", "").run().expect_status(2).json();
        assert!(json["error"]["message"].as_str().unwrap().contains(name), "{json}");
    }
    assert_eq!(setting.site.requests(), []);
}

/// In a workflow everything comes as text, through the shim.
#[test]
fn the_workflow_decides_by_its_parameter() {
    let site = Site::new();
    let files = publish(&site, "20260701", 1000);
    let dir = Dir::new();
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_download-dumps")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let raw_root = dir.path("raw").to_string_lossy().into_owned();
    for (choice, count) in [("false", 0), ("true", files.len())] {
        let mut command = dir.run_workflow(&["run", "download.dig", "--no-save", "--session", "2026-07-10"]);
        for parameter in [
            format!("do_download={choice}"),
            format!("raw_root={raw_root}"),
            "dump_month=2026-07".to_owned(),
            format!("base_url={}", site.base_url),
        ] {
            command.args(&["-p", &parameter]);
        }
        command.current_dir(&project).env("PATH", &path).env("NO_PROXY", "*").run().expect_status(0);
        let there = ENTITIES.iter().filter(|entity| dir.path("raw/2026-07").join(dump("20260701", entity)).exists());
        assert_eq!(there.count(), count.saturating_sub(1));
    }
}
