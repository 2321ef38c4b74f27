//! The commands of docs/tables-and-snapshots.md run, in the order of the page, on a lake with a sealed run.

use std::path::Path;

use lake_catalog::PrimitiveType;

use super::rest::fixture::Rest;
use crate::faults::create_own_table;
use crate::support::{CatalogDatabase, Dir, RUN, binary, sealed_lake};

#[test]
fn every_command_of_the_page_runs() {
    let (lake, [run, ..]) = sealed_lake();
    assert_eq!(run, RUN);
    let page = include_str!("../../../docs/tables-and-snapshots.md");
    let Some(database) = CatalogDatabase::create() else { return };
    let Some(server) = super::rest::fixture::fixture() else { return };
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut blocks: Vec<_> = blocks.map(|block| block.replace("/data/lake", lake.root().to_str().unwrap())).collect();
    // A table of people's own is there once the first block has made the catalog.
    blocks.insert(1, "touch made; until [ -e filled ]; do sleep 0.1; done\n".to_owned());
    let script = blocks.concat();
    let script = script.replace("postgres://lake@127.0.0.1:5432/lake", &database.url());
    let script = script.replace("https://catalog.example.org/iceberg", &server.url());
    let script = script.replace("/run/secrets/lake", database.password_file());
    assert!(script.lines().count() >= 8 && script.contains("2026-11__20261120_000000"), "{script}");
    let programs = binary("query").parent().map(Path::to_owned).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let dir = Dir::new();
    let finished = std::thread::scope(|scope| {
        let run =
            scope.spawn(|| dir.command("bash").args(&["-euo", "pipefail", "-c", &script]).env("PATH", path).run());
        while !run.is_finished() && !dir.path("made").exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        if dir.path("made").exists() {
            let store = lake_catalog::Store::Sqlite(lake.root().join("_meta/catalog.sqlite"));
            let columns = [("amount", PrimitiveType::Float), ("place", PrimitiveType::String)];
            create_own_table(&store, &lake.root(), "sales", &columns);
        }
        std::fs::write(dir.path("filled"), "").unwrap();
        run.join().unwrap()
    });
    assert_eq!(finished.status, Some(0), "{script}\n{}\n{}", finished.stdout, finished.stderr);
}
