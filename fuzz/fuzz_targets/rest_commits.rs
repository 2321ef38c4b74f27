#![no_main]
//! Commits of the REST catalog, parsed and applied to a table, or to none. Seeds: any commit of a client.

use std::sync::LazyLock;

use lake_catalog::{
    Access, Catalog, Column, NewTable, PrimitiveType, Session, Store, Table, TableChange, TableName,
};
use lake_rest_catalog::request::{commit_table, commit_transaction};
use libfuzzer_sys::fuzz_target;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let root = std::env::temp_dir().join(format!("fuzz-rest-{}", std::process::id()));
    std::fs::create_dir_all(&root).expect("a folder");
    let mut catalog =
        Catalog::open(&Store::Sqlite(root.join("catalog.sqlite")), &root, Access::Write).expect("a catalog");
    let name = TableName::new("mine", "t");
    let new = NewTable {
        name: name.clone(),
        folder: root.join("_tables/mine/t"),
        columns: vec![Column { id: 1, name: "id".to_owned(), data_type: PrimitiveType::Long, description: None }],
        sorted_by: None,
        properties: Default::default(),
    };
    let change = TableChange::create(&new, catalog.session()).expect("a table");
    catalog.commit(vec![change], Catalog::next_time([])).expect("a commit");
    catalog.load(&name).expect("the table")
});

fuzz_target!(|body: &[u8]| {
    let _ = commit_transaction(body);
    let Ok(request) = commit_table(body, TableName::new("mine", "t")) else { return };
    for table in [Some(&*TABLE), None] {
        if let Ok(change) = request.change(table, "file:///lake/_tables/mine/t", Session::new()) {
            let _ = (change.after(), change.metadata_file());
        }
    }
});
