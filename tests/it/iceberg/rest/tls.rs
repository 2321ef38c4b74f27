//! A REST server over https, with a certificate of the test.

use super::front::{Fault, Front};
use super::{fixture, run_of};
use crate::support::{TestCommand, sealed_lake, self_signed};

const TOKEN: &str = "a-token-of-the-tests";

#[test]
fn a_server_over_https_is_used_if_its_certificate_is_trusted_and_otherwise_gets_nothing() {
    let Some(server) = fixture() else { return };
    let front = Front::over_tls(server.port);
    front.fail(Fault::Token(TOKEN));
    let (lake, [first, second, _]) = sealed_lake();
    let before = lake.snapshot();
    let stage = |url: &str, further: &[&str]| {
        let mut stage = lake.task("stage-tables");
        stage.args(&["--run-id", first, "--catalog", url]).args(further).env("DISCOGS_CATALOG_TOKEN", TOKEN).run()
    };
    let trusted = lake.write("ca.pem", front.certificate());
    let trusted = trusted.to_str().unwrap();
    let other = lake.write("other.pem", self_signed().1);
    let text = lake.write("text.pem", "no certificate");
    let says = ["REST catalog https://127.0.0.1", "no trusted connection", "certificate", "--catalog-ca-file FILE"];
    stage(&front.url(), &[]).expect_status(6).expect_one_line(&says);
    stage(&front.url(), &["--catalog-ca-file", other.to_str().unwrap()]).expect_status(6).expect_one_line(&says);
    let plain = stage(&format!("https://127.0.0.1:{}", server.port), &["--catalog-ca-file", trusted]).expect_status(6);
    plain.expect_one_line(&["no trusted connection"]);
    let wrong = stage(&front.url(), &["--catalog-ca-file", text.to_str().unwrap()]).expect_status(2);
    wrong.expect_one_line(&["catalog_ca_file", "holds no certificate in PEM"]);
    assert_eq!(front.requests(), 0, "no server without trust was sent anything");
    before.expect_unchanged(&lake.root());
    assert!(!lake.root().join("_meta/catalog.json").exists());

    stage(&front.url(), &["--catalog-ca-file", trusted]).expect_status(0);
    let with_login = |command: &mut TestCommand| {
        command.env("DISCOGS_CATALOG_TOKEN", TOKEN).env("DISCOGS_CATALOG_CA_FILE", trusted).run().expect_status(0)
    };
    let promote = ["--run-id", second, "--run-mode", "prod", "--allow-promote", "true"];
    with_login(lake.task("promote").args(&promote));
    let as_of = ["--as-of", "2026-11", "--sql", "SELECT count(*) FROM labels_v10", "--format", "csv"];
    let counted = with_login(lake.task("query").args(&as_of)).stdout;
    with_login(lake.task("move-catalog").args(&["--to", "sqlite"]));
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
    let of_run = ["--run-id", second, "--sql", "SELECT count(*) FROM labels_v10", "--format", "csv"];
    assert_eq!(lake.task("query").args(&of_run).run().expect_status(0).stdout, counted);
}
