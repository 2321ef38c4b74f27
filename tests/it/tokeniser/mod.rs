//! The scanner gives the tokens of the reference, or leaves the text to it.
//!
//! Three claims, on every text: what the scanner reads to its end, the reference reads to its end, with the same tokens;
//! what the scanner calls malformed, the reference refuses; only what the scanner calls unfamiliar may be either. On what
//! Discogs writes nothing is unfamiliar.

mod alike;
mod dumps;
mod generated;
mod ingest;
mod mutated;

pub use alike::Blocks;
use alike::{Verdict, compare};
