//! The names of Discogs' dump files: `discogs_YYYYMMDD_<entity>.xml.gz` in a folder of their month.
//!
//! The lake, the generator and the tests share these two types and nothing else.

#![warn(missing_docs)]

mod entity;
mod month;

pub use entity::Entity;
pub use month::DumpMonth;
