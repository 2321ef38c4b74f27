//! The commands of docs/tables-and-snapshots.md run, in the order of the page, on a lake with a sealed run.

use std::path::Path;

use crate::support::{Dir, RUN, binary, sealed_lake};

#[test]
fn every_command_of_the_page_runs() {
    let (lake, [run, ..]) = sealed_lake();
    assert_eq!(run, RUN);
    let page = include_str!("../../../docs/tables-and-snapshots.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script = blocks.collect::<String>().replace("/data/lake", lake.root().to_str().unwrap());
    assert!(script.lines().count() >= 8 && script.contains("2026-11__20261120_000000"), "{script}");
    let programs = binary("query").parent().map(Path::to_owned).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let dir = Dir::new();
    let finished = dir.command("bash").args(&["-euo", "pipefail", "-c", &script]).env("PATH", path).run();
    assert_eq!(finished.status, Some(0), "{script}\n{}\n{}", finished.stdout, finished.stderr);
}
