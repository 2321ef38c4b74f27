//! Client credentials of OAuth 2: exchanged for a token, exchanged again once it has expired, and shown nowhere.

use std::fs;

use super::front::{Credentials, Fault, Front};
use super::{fixture, run_of};
use crate::support::{Finished, TestCommand, TestLake, sealed_lake};

const SECRET: &str = "s3 cret+of/the:tests";
const FORM: &str =
    "grant_type=client_credentials&client_id=the%20lake&client_secret=s3%20cret%2Bof%2Fthe%3Atests&scope=catalog";
const LONG: Credentials = Credentials { form: FORM, requests: usize::MAX, seconds: 3600 };

fn with_credentials<'c>(command: &'c mut TestCommand, secret: &str) -> &'c mut TestCommand {
    command.env("DISCOGS_CATALOG_CREDENTIAL", format!("the lake:{secret}"))
}

/// No secret is in what was printed, nor in a file of the lake.
fn expect_hidden(lake: &TestLake, shown: &[Finished]) {
    let secrets = [SECRET, "s3%20cret", "not-the-secret", "issued-"];
    for finished in shown {
        let text = format!("{}{}", finished.stdout, finished.stderr);
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    for entry in walkdir::WalkDir::new(lake.root()).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            assert!(secrets.iter().all(|secret| !text.contains(secret)), "{} holds a secret", entry.path().display());
        }
    }
}

#[test]
fn client_credentials_are_exchanged_for_tokens_until_they_expire() {
    let Some(server) = fixture() else { return };
    let front = Front::before(server.port);
    let (lake, [first, second, _]) = sealed_lake();
    let stage = |lake: &TestLake, run: &str| {
        let mut stage = lake.task("stage-tables");
        stage.args(&["--run-id", run, "--catalog", &front.url()]);
        stage
    };
    front.fail(Fault::Credentials(LONG));
    let refused = with_credentials(&mut stage(&lake, first), "not-the-secret").run().expect_status(6);
    let refused =
        refused.expect_one_line(&["/v1/oauth/tokens gives no token: HTTP 401", "invalid_client", "ID:SECRET"]);
    assert_eq!((front.requests(), front.tokens()), (0, 0), "the server got nothing but the login");
    let staged = with_credentials(&mut stage(&lake, first), SECRET).run().expect_status(0);
    assert_eq!(front.tokens(), 1);

    // The server refuses a token that it gave; the request is sent again with another one.
    front.fail(Fault::Credentials(Credentials { requests: 7, ..LONG }));
    let file = lake.write("credentials", format!("the lake:{SECRET}\n"));
    let file = ["--catalog-password-file", file.to_str().unwrap()];
    let promote = ["--run-id", second, "--run-mode", "prod", "--allow-promote", "true"];
    let promoted = lake.task("promote").args(&promote).args(&file).run().expect_status(0);
    assert!(front.tokens() > 10, "{} tokens for {} requests", front.tokens(), front.requests());

    // A token that is about to expire is not used.
    front.fail(Fault::Credentials(Credentials { seconds: 1, ..LONG }));
    let listed = lake.task("table-history").args(&file).run().expect_status(0);
    assert_eq!(front.tokens(), front.requests());
    assert!(front.requests() > 1);
    front.fail(Fault::None);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
    expect_hidden(&lake, &[refused, staged, promoted, listed]);
}

#[test]
fn tokens_come_from_another_server_and_with_another_scope_if_the_parameters_say_so() {
    let Some(server) = fixture() else { return };
    let (front, tokens) = (Front::before(server.port), Front::before(server.port));
    let (lake, [run, ..]) = sealed_lake();
    // The first token of the one server is the one that the other expects.
    let form = "grant_type=client_credentials&client_id=the%20lake&client_secret=s3%20cret%2Bof%2Fthe%3Atests&scope=lake%3Awrite";
    tokens.fail(Fault::Credentials(Credentials { form, ..LONG }));
    front.fail(Fault::Token("issued-1-by-the-tests"));
    let mut stage = lake.task("stage-tables");
    stage.args(&["--run-id", run, "--catalog", &front.url(), "--catalog-scope", "lake:write"]);
    stage.args(&["--catalog-token-url", &format!("{}/v1/oauth/tokens", tokens.url())]);
    with_credentials(&mut stage, SECRET).run().expect_status(0);
    assert_eq!((tokens.tokens(), tokens.requests(), front.tokens()), (1, 0, 0));

    let refused = |further: &[&str], credentials: &str, says: &[&str]| {
        let (unused, [run, ..]) = sealed_lake();
        let mut stage = unused.task("stage-tables");
        stage.args(&["--run-id", run, "--catalog", &front.url()]).args(further);
        let finished =
            stage.env("DISCOGS_CATALOG_CREDENTIAL", credentials).run().expect_status(2).expect_one_line(says);
        expect_hidden(&unused, &[finished]);
        assert!(!unused.root().join("_meta/catalog.json").exists());
    };
    let with_secret = format!("the lake:{SECRET}");
    let elsewhere = ["--catalog-token-url", "http://tokens.example/"];
    refused(&elsewhere, &with_secret, &["http://tokens.example/", "without encryption"]);
    refused(&["--catalog-token-url", "tokens.example"], &with_secret, &["catalog_token_url: expected https"]);
    for malformed in ["not-the-secret", ":not-the-secret", "id:"] {
        refused(&[], malformed, &["expected ID:SECRET"]);
    }
}
