#![no_main]
//! The other requests of the REST catalog. The first byte of an input chooses the request.

use lake_catalog::TableName;
use lake_rest_catalog::request::{
    CreateNamespace, CreateTable, RegisterTable, RenameTable, UpdateProperties, commit_table, metrics,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    match kind % 7 {
        0 => drop(CreateNamespace::parse(body)),
        1 => drop(UpdateProperties::parse(body)),
        2 => drop(RegisterTable::parse(body)),
        3 => drop(RenameTable::parse(body)),
        4 => drop(metrics(body)),
        5 => drop(commit_table(body, TableName::new("mine", "t"))),
        _ => {
            if let Ok(request) = CreateTable::parse(body) {
                drop(request.metadata("file:///lake/_tables/mine/t"));
            }
        }
    }
});
