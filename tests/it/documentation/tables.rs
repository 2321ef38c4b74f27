use std::path::Path;

use digdag_task::ByteSize;
use discogs_lakehouse::contract::{Contract, document};
use discogs_lakehouse::lake::Lake;
use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters};
use discogs_lakehouse::tables::mount_run;

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
    let lake = Lake::open(&published_lake(&dir)).unwrap();
    let run = lake.run(&lake.active().unwrap().unwrap()).unwrap();
    let contract = Contract::load().unwrap();
    let parameters = EngineParameters::new(ByteSize(1 << 30), None);
    let engine = DuckDb::open(&parameters, &dir.path("spill")).unwrap();
    mount_run(&engine, &contract, &run).unwrap();
    for table in contract.tables.iter().filter(|table| !table.optional) {
        engine.rows(&table.example, &table.name).unwrap();
    }
}
