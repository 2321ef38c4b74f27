//! Answers that are not what was asked for.

use std::fs;
use std::time::{Duration, Instant};

use super::site::Answer;
use super::{Setting, checksum, dump};

#[test]
fn too_many_requests_are_waited_for_as_the_server_says() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.answers(&name, &[Answer::Status(429, "Retry-After: 1\r\n")]);
    let clock = Instant::now();
    setting.download(&["--entities", "labels"]).run().expect_status(0).expect_stderr("429");
    assert!(clock.elapsed() >= Duration::from_secs(1));
    assert_eq!(setting.site.asked_for(&name).len(), 2);
}

#[test]
fn an_hour_is_not_waited_for_when_max_wait_is_less() {
    let setting = Setting::new();
    setting.site.answers("2026", &[Answer::Status(429, "Retry-After: 3600\r\n")]);
    let clock = Instant::now();
    let json = setting.download(&[]).run().expect_status(6).json();
    assert!(clock.elapsed() < Duration::from_secs(10));
    assert_eq!(json["error"]["class"], "external");
    assert!(json["error"]["hint"].as_str().unwrap().contains("after 20"), "{json}");
    assert_eq!(setting.site.requests().len(), 1);
}

#[test]
fn a_server_error_passes_and_a_refusal_does_not() {
    let setting = Setting::new();
    setting.site.answers("2026", &[Answer::Status(503, ""), Answer::Status(500, "")]);
    setting.download(&["--entities", "labels"]).run().expect_status(0);
    let name = dump("20260701", "artists");
    setting.site.answers(&name, &[Answer::Status(403, "")]);
    setting.download(&["--entities", "artists"]).run().expect_status(6).expect_stderr("403");
    assert_eq!(setting.site.asked_for(&name).len(), 1);
}

#[test]
fn a_page_is_not_taken_for_a_file() {
    let setting = Setting::new();
    for name in [dump("20260701", "labels"), checksum("20260701")] {
        setting.site.answers(&name, &[Answer::Page]);
        setting.download(&["--entities", "labels"]).run().expect_status(6).expect_stderr("answered with a page");
        assert_eq!(setting.site.asked_for(&name).last(), Some(&None));
        assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
    }
}

#[test]
fn what_is_not_gzip_is_not_written() {
    let setting = Setting::new();
    setting.site.file(&dump("20260701", "labels"), &[b'x'; 100_000]);
    setting.download(&["--entities", "labels"]).run().expect_status(6).expect_stderr("not gzip");
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}

#[test]
fn a_page_that_is_no_listing_is_named() {
    let setting = Setting::new();
    setting.site.page("data/2026/", "<html><body>We will be back soon</body></html>");
    setting.download(&[]).run().expect_status(6).expect_stderr("no listing of dumps");
}

#[test]
fn a_file_that_does_not_match_its_checksum_is_not_kept() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.answers(&name, &[Answer::Damaged]);
    let json = setting.download(&["--entities", "labels"]).run().expect_status(5).json();
    assert!(json["error"]["message"].as_str().unwrap().contains("does not match its CHECKSUM"), "{json}");
    // 10 GB that came whole and are wrong will not be right in five seconds.
    assert_eq!(setting.site.asked_for(&name).len(), 1);
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}

#[test]
fn a_checksum_file_that_does_not_list_a_dump_is_named() {
    let setting = Setting::new();
    let whole = String::from_utf8(setting.files[&checksum("20260701")].clone()).unwrap();
    let short: String = whole.lines().filter(|line| !line.contains("labels")).map(|line| format!("{line}\n")).collect();
    setting.site.file(&checksum("20260701"), short.as_bytes());
    setting.download(&[]).run().expect_status(5).expect_stderr("does not list discogs_20260701_labels.xml.gz");
    assert_eq!(setting.there().len(), 0);
}

#[test]
fn a_site_that_is_not_there_is_tried_again_and_named() {
    let setting = Setting::new();
    setting
        .task(&["--list", "--base-url", "http://127.0.0.1:1/"])
        .run()
        .expect_status(6)
        .expect_stderr("gave up after 5 attempts");
}

#[test]
fn proxies_are_honoured() {
    let setting = Setting::new();
    // Nobody listens there.
    setting.download(&["--entities", "labels"]).env("http_proxy", "http://127.0.0.1:1").run().expect_status(6);
    assert_eq!(setting.site.requests().len(), 0);
    let mut command = setting.download(&["--entities", "labels"]);
    command.env("http_proxy", "http://127.0.0.1:1").env("NO_PROXY", "127.0.0.1").run().expect_status(0);
}

#[test]
fn a_file_that_differs_is_kept_aside_with_replace() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    fs::create_dir_all(setting.path("")).unwrap();
    fs::write(setting.path(&name), "mine").unwrap();
    let finished = setting.download(&[]).run().expect_status(5);
    finished.expect_stderr(&name).expect_stderr("--replace=true");
    assert_eq!(setting.there().len(), 1);
    assert_eq!(setting.site.asked_for(".xml.gz").len(), 0);

    let json = setting.download(&["--replace"]).run().expect_status(0).json();
    let aside = json["files"].as_array().unwrap().iter().find_map(|file| file["kept_aside"].as_str()).unwrap();
    assert_eq!(setting.dir.read(aside), "mine");
    let mut there = setting.there();
    there.retain(|name, _| !name.contains(".replaced-"));
    assert_eq!(there, setting.files);
}

#[test]
fn a_folder_has_one_downloader() {
    let setting = Setting::new();
    setting.site.answers(&dump("20260701", "artists"), &[Answer::Hang(50_000)]);
    let mut child = setting.download(&["--max-wait", "60s"]).spawn_once(&setting);
    let requests = setting.site.requests().len();
    setting.download(&[]).run().expect_status(4).expect_stderr("locked by download-dumps (pid");
    assert_eq!(setting.site.requests().len(), requests);
    child.kill().unwrap();
    child.wait().unwrap();
    // A lock dies with its holder, and what SIGKILL left is no obstacle.
    setting.download(&[]).run().expect_status(0);
    assert_eq!(setting.there(), setting.files);
}

trait SpawnOnce {
    fn spawn_once(&mut self, setting: &Setting) -> std::process::Child;
}

impl SpawnOnce for crate::support::TestCommand {
    /// Starts it and waits until it fetches.
    fn spawn_once(&mut self, setting: &Setting) -> std::process::Child {
        let child = self.spawn();
        let clock = Instant::now();
        while setting.parts().is_empty() {
            assert!(clock.elapsed() < Duration::from_secs(20), "no part appeared");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }
}
