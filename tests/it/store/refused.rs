//! What upload-run refuses, with one line and an exit status.

use std::fs;

use super::relay::Relay;
use super::server::{KEY, SECRET, Server, WAREHOUSE, at};
use super::{expect_not_whole, lake, large_file, servers, upload};
use crate::support::{RUN, self_signed};

#[test]
fn what_is_there_and_differs_is_named() {
    for (name, server) in servers() {
        let lake = lake();
        upload(&lake, RUN, &server.url()).expect_status(0);
        let bucket = server.bucket("");
        let small = format!("discogs/_runs/{RUN}/_run.json");
        let replace = |key: &str, bytes: &[u8]| {
            let sha256 = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes));
            let put =
                lake_store::Put { sha256: &sha256, condition: lake_store::Condition::Any, content_type: "text/plain" };
            bucket.put(key, bytes, &put).unwrap();
        };
        let was = server.object(&small);
        let mut other = was.clone();
        other[0] = b'[';
        for bytes in [&other[..], b"short"] {
            replace(&small, bytes);
            let refused = upload(&lake, RUN, &server.url());
            assert_eq!(refused.status, Some(5), "{name}: {}", refused.stderr);
            refused.expect_one_line(&[
                &format!("s3://lake/{small} is there and differs from _run.json"),
                "never replaced",
            ]);
            assert!(server.object(&small) == bytes, "{name}: it is left as it is");
        }
        replace(&small, &was);
        let stranger = format!("discogs/_runs/{RUN}/notes.txt");
        replace(&stranger, b"notes");
        upload(&lake, RUN, &server.url())
            .expect_status(5)
            .expect_one_line(&["notes.txt is there and is no file of run"]);
        bucket.delete(&stranger).unwrap();
        replace(&format!("discogs/_runs/{RUN}/_manifest.json"), b"{}");
        upload(&lake, RUN, &server.url()).expect_status(5).expect_one_line(&["_manifest.json is there and differs"]);
    }
}

#[test]
fn a_run_that_was_changed_here_is_not_sent() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let file = lake.run(RUN).join(large_file(RUN));
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    fs::set_permissions(&file, permissions).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[7 << 20] ^= 1;
    fs::write(&file, bytes).unwrap();
    upload(&lake, RUN, &server.url()).expect_status(5).expect_one_line(&["failed verification", &large_file(RUN)]);
    assert!(server.keys("").is_empty(), "nothing was sent");
}

#[test]
fn wrong_parameters_are_one_line() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let url = server.url();
    let refuse = |arguments: &[&str], status: i32, parts: &[&str]| {
        let mut command = lake.call("upload-run", &["--run-id", RUN]);
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
        let refused = command.args(arguments).run();
        assert_eq!(refused.status, Some(status), "{arguments:?}: {}", refused.stderr);
        assert!(!refused.stderr.contains(SECRET) && !refused.stdout.contains(SECRET), "{arguments:?}");
        refused.expect_one_line(parts);
    };
    refuse(&["--warehouse", "lake"], 2, &["warehouse", "expected s3://BUCKET"]);
    refuse(&["--warehouse", "s3://lake/../other"], 2, &["warehouse", "prefix"]);
    refuse(&["--warehouse", WAREHOUSE, "--part-size", "1MiB"], 2, &["part_size", "5MiB to 5GiB"]);
    refuse(&["--warehouse", WAREHOUSE, "--s3-endpoint", "lake.example.org"], 2, &["expected https://HOST"]);
    let elsewhere = ["--warehouse", WAREHOUSE, "--s3-endpoint", "http://s3.example.org"];
    refuse(&elsewhere, 2, &["http to s3.example.org would send the data unencrypted", "s3_allow_http=true"]);
    let secret = ["--warehouse", WAREHOUSE, "--s3-endpoint", "https://key:a-secret-of-the-tests@s3.example.org"];
    refuse(&secret, 2, &["credentials come from the environment or a file"]);
    refuse(&["--warehouse", "s3://missing", "--s3-endpoint", &url], 2, &["there is no bucket missing"]);
    let closed = ["--warehouse", WAREHOUSE, "--s3-endpoint", "http://127.0.0.1:1", "--s3-max-attempts", "1"];
    refuse(&closed, 6, &["cannot list s3://lake/discogs", "gave up after 1 attempts"]);

    let skipped = lake.call("upload-run", &["--run-id", RUN]).run().expect_status(0).expect_result("skipped");
    assert_eq!(skipped.json()["reason"], "no warehouse is set");
    let mut dry = lake.call("upload-run", &["--run-id", RUN, "--dry-run=true"]);
    at(&mut dry, &url).run().expect_status(0).expect_result("skipped");
    assert!(server.keys("").is_empty());
    let open = crate::support::TestLake::begun();
    upload(&open, RUN, &url).expect_status(2).expect_one_line(&["is not sealed"]);
}

#[test]
fn a_certificate_is_trusted_or_nothing_is_sent() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let (config, certificate) = self_signed();
    let relay = Relay::over_tls(server.port, config);
    let url = relay.url().replace("http:", "https:");
    let trusted = lake.write("ca.pem", certificate);
    let untrusted = upload(&lake, RUN, &url).expect_status(6);
    untrusted.expect_one_line(&["cannot list s3://lake/discogs", "certificate", "s3_ca_file"]);
    assert!(relay.seen().is_empty(), "a server without trust was sent nothing");
    expect_not_whole(&server, RUN);
    let mut command = lake.call("upload-run", &["--run-id", RUN, "--s3-ca-file", trusted.to_str().unwrap()]);
    at(&mut command, &url).run().expect_status(0);
    super::expect_whole(&server, &lake, RUN);
}
