//! https: which certificates the client accepts, and which secrets it then sends. Against a server of the test.

use std::io::ErrorKind;
use std::net::TcpListener;

use base64::Engine;
use rustls::{ServerConnection, StreamOwned};

use super::client::{Requests, make_active, serve};
use crate::support::{Dir, Finished, self_signed};

/// A Trino over TLS that refuses every query, so that a task ends with the first; and its certificate, in PEM.
fn server() -> (String, Requests, String) {
    let (config, certificate) = self_signed();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let kept = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            // A client that does not trust the certificate ends the handshake.
            match stream.conn.complete_io(&mut stream.sock) {
                Ok(_) => serve(stream, &kept, |_, _| {
                    (200, r#"{"id":"q1","error":{"message":"no","errorName":"PERMISSION_DENIED"}}"#.to_owned())
                }),
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof), "{error}")
                }
            }
        }
    });
    (url, requests, certificate)
}

fn report(lake: &Dir, url: &str, further: &[&str], secret: (&str, &str)) -> Finished {
    let mut report = lake.command(env!("CARGO_BIN_EXE_report-active"));
    report.args(&["--lake", ".", "--engine", "trino", "--trino-url", url, "--trino-user", "ada"]).args(further);
    report.env(secret.0, secret.1).run().expect_status(6)
}

#[test]
fn a_password_or_a_token_goes_to_a_server_that_is_trusted_and_is_never_shown() {
    let (url, requests, certificate) = server();
    let lake = Dir::new();
    make_active(&lake);
    lake.create("ca.pem", &certificate);
    lake.create("password", "open sesame\n");
    lake.create("token", "aaa.bbb.ccc\n");
    let basic = base64::engine::general_purpose::STANDARD.encode("ada:open sesame");
    for (further, secret, expected) in [
        (vec![], ("TRINO_PASSWORD", "open sesame"), format!("Basic {basic}")),
        (vec!["--trino-password-file", "password"], ("TRINO_PASSWORD", "another"), format!("Basic {basic}")),
        (vec![], ("TRINO_ACCESS_TOKEN", "aaa.bbb.ccc"), "Bearer aaa.bbb.ccc".to_owned()),
        (vec!["--trino-token-file", "token"], ("TRINO_PASSWORD", "another"), "Bearer aaa.bbb.ccc".to_owned()),
    ] {
        requests.lock().unwrap().clear();
        let further = [&["--trino-ca-file", "ca.pem"], further.as_slice()].concat();
        let finished = report(&lake, &url, &further, secret).expect_stderr("PERMISSION_DENIED");
        let seen = requests.lock().unwrap().clone();
        assert!(seen.iter().all(|line| line.ends_with(&expected)), "{further:?}: {seen:?}");
        assert_ne!(seen.len(), 0);
        for hidden in ["sesame", &basic, "bbb"] {
            assert!(!finished.stdout.contains(hidden) && !finished.stderr.contains(hidden), "{}", finished.stderr);
        }
    }
}

#[test]
fn a_server_that_is_not_trusted_hears_nothing() {
    let (url, requests, _) = server();
    let lake = Dir::new();
    make_active(&lake);
    report(&lake, &url, &[], ("TRINO_PASSWORD", "open sesame"))
        .expect_stderr("certificate")
        .expect_stderr("trino_ca_file");
    assert_eq!(requests.lock().unwrap().len(), 0);
}
