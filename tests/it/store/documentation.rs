//! The commands of docs/object-storage.md run.

use std::path::Path;

use super::server::{KEY, SECRET, Server};
use super::{NEXT, lake};
use crate::support::{Dir, RUN, binary};

#[test]
fn every_command_of_the_page_runs() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    lake.promote(NEXT).expect_status(0);
    lake.remove_previous_links();
    let page = include_str!("../../../docs/object-storage.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script = blocks.collect::<String>();
    let script = script
        .replace("/data/lake", lake.root().to_str().unwrap())
        .replace("/data/new", lake.beside("new").to_str().unwrap())
        .replace("2026-11__20261120_000000", RUN)
        .replace("s3://my-bucket/discogs", "s3://lake/discogs")
        .replace("https://s3.example.org", &server.url())
        .replace("my-key", KEY)
        .replace("my-secret", SECRET);
    let programs = binary("query").parent().map(Path::to_owned).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let dir = Dir::new();
    let finished = dir.command("bash").args(&["-euo", "pipefail", "-c", &script]).env("PATH", path).run();
    assert_eq!(finished.status, Some(0), "{script}\n{}\n{}", finished.stdout, finished.stderr);
    for part in ["is whole in s3://lake/discogs", "all bytes read", "active.json names run", "is back"] {
        assert!(finished.stderr.contains(part), "no {part} in:\n{}", finished.stderr);
    }
}
