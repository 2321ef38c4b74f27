//! The workflow with a warehouse: the run goes up before it is staged and published.

use super::server::{KEY, SECRET, Server, WAREHOUSE};
use super::{expect_whole, lake, named};
use crate::support::{RUN, TestLake, binary};

#[test]
fn promote_dig_uploads_before_it_publishes_and_skips_without_a_warehouse() {
    let Some(server) = Server::s3s() else { return };
    let (lake, published) = (lake(), lake());
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    let folder = lake.beside("digdag");
    assert!(std::process::Command::new("cp").arg("-a").args([&project, &folder]).status().unwrap().success());
    let programs = binary("query").parent().unwrap().to_owned();
    let run = |lake: &TestLake, session: &str, warehouse: &[&str]| {
        let mut command = lake.task("run-workflow");
        command.current_dir(&folder).args(&["promote.dig", "--no-save", "--session", session]);
        command.args(&["-p", &format!("run_id={RUN}"), "-p", "run_mode=prod", "-p", "allow_promote=true"]);
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
        command.args(warehouse).run().expect_status(0)
    };
    run(&lake, "2026-11-20 00:00:00", &[]).expect_stderr("upload-run: skipped: no warehouse is set");
    lake.expect_active(RUN);
    assert!(server.keys("").is_empty());
    let (place, endpoint) = (format!("warehouse={WAREHOUSE}"), format!("s3_endpoint={}", server.url()));
    let there = ["-p", &place, "-p", &endpoint, "-p", "allow_local_catalog=true"];
    run(&published, "2026-11-21 00:00:00", &there).expect_stderr("is whole in s3://lake/discogs");
    expect_whole(&server, &published, RUN);
    assert_eq!(named(&server).as_deref(), Some(RUN));
    assert!(!published.path("_tables").exists() && !server.keys("discogs/_tables/silver/").is_empty());
}
