//! Transfers that do not go well.

use std::process::Command;
use std::time::{Duration, Instant};

use super::site::Answer;
use super::{Setting, dump};
use crate::support::Finished;

#[test]
fn a_cut_transfer_starts_over_where_the_server_takes_no_range() {
    let setting = Setting::new();
    let name = dump("20260701", "releases");
    setting.site.answers(&name, &[Answer::Cut(120_000), Answer::SilentCut(60_000)]);
    let finished = setting.download(&[]).run().expect_status(0);
    assert_eq!(finished.json()["metrics"]["requests"], 8);
    // It asks for the rest each time: the server may have learned.
    assert_eq!(setting.site.asked_for(&name), [None, Some(120_000), Some(60_000)]);
    assert_eq!(setting.there(), setting.files);
    finished.expect_stderr("cut after 120000 bytes").expect_stderr("trying again in 10 ms");
}

#[test]
fn a_cut_transfer_goes_on_where_the_server_takes_range() {
    let setting = Setting::new();
    let name = dump("20260701", "releases");
    setting.site.takes_range().answers(&name, &[Answer::Cut(120_000), Answer::SilentCut(30_000)]);
    setting.download(&[]).run().expect_status(0);
    assert_eq!(setting.site.asked_for(&name), [None, Some(120_000), Some(150_000)]);
    assert_eq!(setting.there(), setting.files);
}

#[test]
fn the_next_call_goes_on_where_this_one_gave_up() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.takes_range().answers(&name, &[Answer::Cut(90_000)]);
    let finished = setting.download(&["--entities", "labels", "--first-wait", "1h"]).run().expect_status(6);
    assert!(finished.json()["error"]["hint"].as_str().unwrap().contains("raise max_wait"), "{}", finished.stdout);
    assert_eq!(setting.there().len(), 0);
    assert_eq!(setting.parts().len(), 1);
    setting.download(&["--entities", "labels"]).run().expect_status(0);
    assert_eq!(setting.site.asked_for(&name), [None, Some(90_000)]);
    assert_eq!(setting.there()[&name], setting.files[&name]);
    assert_eq!(setting.parts().len(), 0);
}

#[test]
fn pieces_that_do_not_make_the_file_are_thrown_away() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.takes_range().answers(&name, &[Answer::Cut(90_000), Answer::Damaged]);
    setting.download(&["--entities", "labels"]).run().expect_status(0).expect_stderr("starting over");
    assert_eq!(setting.site.asked_for(&name), [None, Some(90_000), None]);
    assert_eq!(setting.there()[&name], setting.files[&name]);
}

#[test]
fn a_part_that_cannot_be_gone_on_with_is_not_left() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.answers(&name, &[Answer::Cut(90_000), Answer::Cut(1), Answer::Cut(0), Answer::Cut(9), Answer::Cut(9)]);
    setting.download(&["--entities", "labels"]).run().expect_status(6).expect_stderr("gave up after 5 attempts");
    assert_eq!(setting.site.asked_for(&name).len(), 5);
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}

#[test]
fn a_trickle_and_a_silence_are_cut() {
    let setting = Setting::new();
    for answer in [Answer::Trickle(50_000), Answer::Hang(50_000), Answer::Hang(0)] {
        let name = dump("20260701", "labels");
        setting.site.answers(&name, &[answer]);
        let clock = Instant::now();
        setting.download(&["--entities", "labels", "--stall-time", "500ms"]).run().expect_status(0);
        assert!(clock.elapsed() < Duration::from_secs(10));
        assert_eq!(setting.there()[&name], setting.files[&name]);
        std::fs::remove_file(setting.path(&name)).unwrap();
    }
}

/// Without a length only the listing says where the file ends.
#[test]
fn an_answer_that_never_ends_is_cut_a_little_behind_the_listed_size() {
    let setting = Setting::new();
    let name = dump("20260701", "labels");
    setting.site.answers(&name, &[Answer::Endless]);
    let finished = setting.download(&["--entities", "labels"]).run().expect_status(6);
    finished.expect_stderr("the site sends more than the").expect_stderr("nothing of it was kept");
    assert_eq!(setting.site.asked_for(&name).len(), 1);
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
    setting.download(&["--entities", "labels"]).run().expect_status(0);
    assert_eq!(setting.there()[&name], setting.files[&name]);
}

#[test]
fn max_wait_bounds_a_transfer_too() {
    let setting = Setting::new();
    setting.site.answers(&dump("20260701", "labels"), &[Answer::Hang(50_000)]);
    let clock = Instant::now();
    let finished = setting.download(&["--entities", "labels", "--max-wait", "1s"]).run().expect_status(6);
    assert!(clock.elapsed() < Duration::from_secs(10));
    finished.expect_stderr("max_wait");
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}

#[test]
fn a_signal_leaves_nothing_half() {
    for (takes_range, parts) in [(false, 0), (true, 1)] {
        let setting = Setting::new();
        if takes_range {
            setting.site.takes_range();
        }
        setting.site.answers(&dump("20260701", "labels"), &[Answer::Hang(90_000)]);
        let child = setting.download(&["--entities", "labels"]).spawn();
        let clock = Instant::now();
        let grown = || setting.parts().iter().any(|part| setting.path(part).metadata().is_ok_and(|m| m.len() > 50_000));
        while !grown() {
            assert!(clock.elapsed() < Duration::from_secs(20), "no part appeared");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(143);
        assert_eq!(finished.json()["error"]["class"], "stopped");
        assert_eq!((setting.there().len(), setting.parts().len()), (0, parts));
        let words = if takes_range { "what was fetched is kept" } else { "nothing half written is left" };
        finished.expect_stderr(words);

        setting.download(&["--entities", "labels"]).run().expect_status(0);
        assert_eq!(setting.parts().len(), 0);
    }
}

#[test]
fn a_download_without_errors_says_one_line_and_with_verbose_one_a_file() {
    let setting = Setting::new();
    setting.download(&[]).run().expect_status(0).expect_one_line(&["download-dumps: 4 dumps verified"]);
    let setting = Setting::new();
    let finished = setting.download(&["--verbose"]).run().expect_status(0);
    assert_eq!(finished.stderr.matches(" bytes, verified").count(), 4, "{}", finished.stderr);
}
