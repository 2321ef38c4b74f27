//! Dumps that go from the site into S3, with nothing on the disk.

use std::collections::BTreeMap;
use std::fs;

use super::site::Answer;
use super::{Setting, checksum, dump};
use crate::store::server::{KEY, SECRET, Server};
use crate::store::servers;
use crate::support::Finished;

fn download(setting: &Setting, server: &Server, arguments: &[&str]) -> Finished {
    let mut command = setting.task(&["--do-download", "--raw-root", "s3://lake/raw", "--dump-month", "2026-07"]);
    command.args(&["--s3-endpoint", &server.url()]).args(arguments);
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).run()
}

fn there(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let keys = server.keys("raw/2026-07/").into_iter();
    keys.map(|key| (key.rsplit('/').next().unwrap().to_owned(), server.object(&key))).collect()
}

/// The files of the test's folder, but for the server's.
fn on_the_disk(setting: &Setting) -> usize {
    fs::read_dir(setting.dir.path("")).unwrap().count()
}

#[test]
fn dumps_go_there_by_parts_and_once_also_over_connections_that_break() {
    for (name, server) in servers() {
        // Two parts a dump, of which two dumps are broken in the middle.
        let setting = Setting::with_bytes(20 << 20);
        let before = on_the_disk(&setting);
        let (releases, labels) = (dump("20260701", "releases"), dump("20260701", "labels"));
        setting.site.takes_range().answers(&releases, &[Answer::Cut(18 << 20), Answer::Status(503, "")]);
        setting.site.answers(&labels, &[Answer::Cut(100)]);
        let done = download(&setting, &server, &[]).expect_status(0).expect_result("done").json();
        assert!(there(&server) == setting.files, "{name}");
        assert_eq!(setting.site.asked_for(&releases), [None, Some(16 << 20), Some(16 << 20)], "{name}");
        assert_eq!(setting.site.asked_for(&labels), [None, None], "{name}");
        assert_eq!(on_the_disk(&setting), before, "{name}: nothing is on the disk");
        assert!(done["peak_memory_bytes"].as_u64().is_none_or(|bytes| bytes < 128 << 20), "{name}: {done}");

        let requests = setting.site.requests().len();
        download(&setting, &server, &[]).expect_status(0).expect_result("already_done");
        assert_eq!(setting.site.requests().len(), requests, "{name}: a month that is there costs no request");
    }
}

#[test]
fn what_is_not_the_published_file_is_not_kept() {
    let Some(server) = Server::s3s() else { return };
    let setting = Setting::new();
    let labels = dump("20260701", "labels");
    setting.site.answers(&labels, &[Answer::Damaged]);
    let damaged = download(&setting, &server, &["--entities", "labels"]).expect_status(5);
    damaged.expect_one_line(&["does not match its CHECKSUM file"]);
    assert!(there(&server).is_empty());
    setting.site.answers(&labels, &[Answer::Page]);
    download(&setting, &server, &["--entities", "labels"]).expect_status(6);
    assert!(there(&server).is_empty());

    // An object that differs is replaced only if asked.
    download(&setting, &server, &["--entities", "labels"]).expect_status(0);
    let key = format!("raw/2026-07/{labels}");
    server.bucket("").delete(&key).unwrap();
    let other: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(b"other").into();
    let put = lake_store::Put { sha256: &other, condition: lake_store::Condition::Any, content_type: "text/plain" };
    server.bucket("").put(&key, b"other", &put).unwrap();
    let refused = download(&setting, &server, &["--entities", "labels"]).expect_status(5);
    refused.expect_one_line(&[&labels, "is not what the site publishes", "--replace=true"]);
    download(&setting, &server, &["--entities", "labels", "--replace=true"]).expect_status(0);
    let found = there(&server);
    assert_eq!(found[&labels], setting.files[&labels]);
    assert_eq!(found[&checksum("20260701")], setting.files[&checksum("20260701")]);
}
