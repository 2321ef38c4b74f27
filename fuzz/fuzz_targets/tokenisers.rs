//! Both tokenisers on any block: the same tokens, rows, counts, bad records and messages. The first byte says of which
//! entity the block is, as `fuzz/seeds` writes it.

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
    // What is not UTF-8 is replaced, as ingest does before it reads a block.
    let text = String::from_utf8_lossy(block);
    alike::compare(&text);
    BLOCKS.compare(entity, &text);
});
