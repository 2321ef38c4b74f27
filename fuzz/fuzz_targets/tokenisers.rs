//! Compares both tokenisers on any block: tokens, rows, counts, bad records and messages must agree. The first byte of an
//! input selects the block's entity, as in the corpus of `fuzz/seeds`.

#![no_main]
#![allow(clippy::unwrap_used)]

#[path = "../../tests/it/tokeniser/alike.rs"]
mod alike;

use std::sync::LazyLock;

use discogs_lakehouse::dump::Entity;
use discogs_lakehouse::contract::Contract;
use libfuzzer_sys::fuzz_target;

static BLOCKS: LazyLock<alike::Blocks> = LazyLock::new(|| alike::Blocks::of(Contract::load().unwrap()));

fuzz_target!(|data: &[u8]| {
    let Some((entity, block)) = data.split_first() else { return };
    let entity = Entity::ALL[usize::from(*entity) % Entity::ALL.len()];
    // Replaces invalid UTF-8, as ingest does before it parses a block.
    let text = String::from_utf8_lossy(block);
    alike::compare(&text);
    BLOCKS.compare(entity, &text);
});
