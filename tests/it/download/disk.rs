use super::site::Answer;
use super::{Setting, dump};

#[test]
fn what_the_disk_cannot_hold_is_not_begun() {
    let setting = Setting::new();
    setting.site.listed_size(&dump("20260701", "releases"), "9999999.9 GB");
    let finished = setting.download(&[]).run().expect_status(1);
    assert!(finished.json()["error"]["hint"].as_str().unwrap().contains("free some space"), "{}", finished.stdout);
    finished.expect_stderr("MiB free");
    assert_eq!(setting.site.requests().len(), 2);
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}

#[test]
fn what_the_server_announces_is_looked_at_too() {
    let setting = Setting::new();
    setting.site.answers(&dump("20260701", "labels"), &[Answer::Announce(1 << 60)]);
    setting.download(&["--entities", "labels"]).run().expect_status(1).expect_stderr("MiB free");
    assert_eq!((setting.there().len(), setting.parts().len()), (0, 0));
}
