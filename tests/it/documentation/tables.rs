use std::path::Path;

use discogs_lakehouse::table::{Contract, document};

use super::readme::published_lake;
use crate::support::Dir;

/// `UPDATE_DOCS=1` writes the page instead of comparing it.
#[test]
fn the_page_of_the_tables_is_what_the_contract_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md");
    let document = document(&Contract::load().unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &document).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == document,
        "docs/tables.md is not what sql/contract.yml says; run UPDATE_DOCS=1 scripts/test documentation"
    );
}

#[test]
fn the_example_of_each_table_runs() {
    let dir = Dir::new();
    let lake = published_lake(&dir);
    for table in Contract::load().unwrap().tables.iter().filter(|table| !table.optional) {
        let mut query = dir.command(env!("CARGO_BIN_EXE_query"));
        let finished = query.args(&["--lake", lake.to_str().unwrap(), "--sql", &table.example]).run();
        assert_eq!(finished.status, Some(0), "{}: {}", table.name, finished.stderr);
    }
}
