use std::path::Path;

use discogs_lakehouse::contract::Layers;

use crate::own::{Own, run_page};

const BEGIN: &str = "UPDATE_DOCS=1 scripts/test documentation writes it -->\n";
const END: &str = "<!-- end -->";

/// `UPDATE_DOCS=1` writes the table instead of comparing it.
#[test]
fn the_table_of_the_layers_is_what_their_file_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/retention.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let expected = Layers::load().unwrap().document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, [before, BEGIN, &expected, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(table, expected, "docs/retention.md is not what sql/layers.yml says; run UPDATE_DOCS=1 scripts/test");
}

#[test]
fn every_command_of_the_page_runs() {
    let output = run_page(include_str!("../../../docs/retention.md"), &Own::new().0);
    assert!(output.contains("1 row, 0 snapshots, 0 runs") && output.contains("new"), "{output}");
}
