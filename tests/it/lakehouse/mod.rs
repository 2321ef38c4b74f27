//! A month of dumps becomes a published lake: real records and invented ones, through the workflows, and what came of
//! them. The real records' tables are compared with those of the pipelines before this one (`../shared/expected`).

mod dump_tables;
pub mod expected;
mod name_map;
mod published;
mod readers;
mod release_xrefs;
mod rerun;
mod smoke;
mod workflow;

pub use smoke::digdag;
pub use workflow::path_with_binaries;
