//! Invented dumps in the layout of the real ones: for people without Discogs data, the demo, tests and benchmarks.
//!
//! ```text
//! Catalogue: the invented artists, labels, works      catalogue.rs names.rs families.rs works.rs ids.rs
//!     │      every part a function of seed and id      dice.rs (ChaCha8, one stream for each part)
//!     ▼
//! one record's XML in one of three layouts             artist.rs label.rs master.rs release.rs … xml.rs layout.rs
//!     ▼
//! blocks ▸ gzip and SHA-256 ▸ temporary file           dump_file.rs
//!     ▼
//! compare, rename, CHECKSUM last                       month_folder.rs
//! ```
//!
//! A record depends on the seed and its own place in the dump, never on how many follow. So the same parameters give
//! the same bytes anywhere, and a larger dump begins with the smaller one. The records that a release refers to lie at
//! or before its own position in the dumps of the other entities, in the proportions of [`Counts::for_releases`].
//!
//! The vocabulary files hold the closed vocabularies of Discogs (genres, styles, formats, roles …) with the occurrences
//! of each entry in a thousand releases of 2020-08. Names, titles and texts are invented.

#![warn(missing_docs)]

mod artist;
mod catalogue;
mod companies;
mod credits;
mod dice;
mod dump_file;
mod families;
mod formats;
mod identifiers;
mod ids;
mod images;
mod label;
mod layout;
mod master;
mod month_folder;
mod names;
mod parameters;
mod plan;
mod prose;
mod release;
mod release_date;
mod tracklist;
mod videos;
mod vocabulary;
mod weighted;
mod works;
mod xml;

pub use dump_file::GeneratedFile;
pub use layout::Layout;
pub use month_folder::{GeneratedMonth, write_month};
pub use parameters::{PROJECT, Parameters, command};
pub use plan::{Counts, DumpMonth, Entity, Plan};
