//! `digdag/refine.dig`, run as people run it, with the programs on PATH.

use std::path::Path;

use super::{INVENTORY, Shop};
use crate::lakehouse::path_with_binaries;
use crate::support::{Dir, Finished};

fn run(shop: &Shop, from: &str, declaration: &str) -> Finished {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    let arguments = ["--project", project.to_str().unwrap(), "refine.dig", "--no-save", "--session", "daily"];
    let dir = Dir::new();
    let mut command = dir.run_workflow(&arguments);
    let lake = format!("lake={}", shop.0.root().display());
    let (from, declaration) = (format!("from={from}"), format!("declaration={declaration}"));
    for parameter in ["verbose=true", "table=bronze.mine_inventory", &lake, &from, &declaration] {
        command.args(&["-p", parameter]);
    }
    command.env("PATH", path_with_binaries()).run()
}

#[test]
fn the_workflow_appends_a_file_and_refines_it_once() {
    let shop = Shop::new();
    let file = shop.0.write("inventory.csv", "id,Price,Listed,Grade\n1,5,,NM\n2,x,,\n");
    let declaration = shop.0.write("shop.yml", INVENTORY);
    let (file, declaration) = (file.to_str().unwrap(), declaration.to_str().unwrap());
    run(&shop, file, declaration).expect_status(0).expect_stderr("1 inserted, 0 updated, 0 unchanged, 1 rejected");
    run(&shop, file, declaration).expect_status(0).expect_stderr("already_done");
    assert_eq!(shop.inventory(), ["1,5.00,,NM"]);
    let wrong = shop.0.write("wrong.csv", "id,Price,Listed,Grade\n3,y,,\n");
    run(&shop, wrong.to_str().unwrap(), declaration).expect_status(1).expect_stderr("1 of 1 rows are rejected");
}
