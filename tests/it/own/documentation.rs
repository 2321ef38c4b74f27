//! The commands of docs/own-tables.md, of docs/upkeep.md and of examples/own-tables run, on a lake with a sealed and published run.

use std::path::Path;

use crate::support::{Dir, RUN, TestLake, binary, sealed_lake};

pub fn run_page(page: &str, lake: &TestLake) -> String {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script = blocks.collect::<String>().replace("/data/lake", lake.root().to_str().unwrap());
    let programs = binary("query").parent().map(Path::to_owned).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let dir = Dir::new();
    let finished = dir.command("bash").args(&["-euo", "pipefail", "-c", &script]).env("PATH", path).run();
    assert_eq!(finished.status, Some(0), "{script}\n{}\n{}", finished.stdout, finished.stderr);
    format!("{}\n{}", finished.stdout, finished.stderr)
}

#[test]
fn every_command_of_the_page_and_of_the_example_runs() {
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    let output = run_page(include_str!("../../../docs/own-tables.md"), &lake);
    assert!(output.contains("1 inserted, 1 updated") && output.contains("already_done"), "{output}");
    assert!(output.contains("\"1.505\" is no decimal(18,2)"), "{output}");
    let output = run_page(include_str!("../../../docs/upkeep.md"), &lake);
    assert!(output.contains("dry_run: 2 files rewritten"), "{output}");
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    run_page(include_str!("../../../examples/own-tables/README.md"), &lake);
}
