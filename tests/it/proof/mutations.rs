//! Damaged XML: for any content of a block, the reader comes to an end without a panic, both tokenisers read the same of
//! it, and what is read is the same whether bad records stop it or not.

use std::time::{Duration, Instant};

use discogs_lakehouse::contract::Contract;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Entity, dumps, records};
use crate::support::{is_many, sample_dumps, try_inputs};
use crate::tokeniser::Blocks;

/// Of the generated blocks, which are the same each time.
const SEED: u64 = 20261120;

/// No block takes this long; one that does is a loop.
const MAX_TIME: Duration = Duration::from_secs(20);

/// A block longer than this only makes the test slow.
const MAX_BLOCK_BYTES: usize = 6000;

#[test]
fn damaged_blocks_are_read_to_an_end_and_alike() {
    let tokenisers = Blocks::of(Contract::load().unwrap());
    let blocks: Vec<Vec<String>> = Entity::ALL.into_iter().map(blocks).collect();
    let mut whole = 0;
    let inputs = try_inputs(|rng| {
        let entity = *pick(&Entity::ALL, rng);
        let text = damaged(&blocks[entity as usize], rng);
        let started = Instant::now();
        whole += u64::from(tokenisers.compare(entity, &text));
        assert!(started.elapsed() < MAX_TIME, "{entity:?} took {:?}\n{text}", started.elapsed());
    });
    // The claim is empty where all is refused, or nothing is.
    let both = whole * 50 > inputs && (inputs - whole) * 2 > inputs;
    assert!(both || !is_many(inputs), "{whole} of {inputs} still well-formed");
}

/// The records to damage: those of the real dumps, if they are installed, and generated ones.
fn blocks(entity: Entity) -> Vec<String> {
    let mut blocks = Vec::new();
    for month in sample_dumps().into_iter().flat_map(|folder| dumps::MONTHS.map(|month| folder.join(month))) {
        let dump = dumps::text(&dumps::dump(&month, entity));
        let records = without_root(entity, &dump);
        let mut upto = records.len().min(MAX_BLOCK_BYTES);
        while !records.is_char_boundary(upto) {
            upto -= 1;
        }
        // Up to the last whole record, or in the midst of the first if that is long.
        let end_tag = format!("</{}>\n<{}", entity.record(), entity.record());
        let end = records[..upto].rfind(&end_tag).map_or(upto, |at| at + entity.record().len() + "</>".len());
        blocks.push(records[..end].to_owned());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for _ in 0..8 {
        let choices: Vec<Vec<u32>> =
            (0..4).map(|_| (0..rng.random_range(20..300)).map(|_| rng.random()).collect()).collect();
        blocks.push(without_root(entity, &records::dump(entity, &choices)).to_owned());
    }
    blocks
}

fn without_root(entity: Entity, dump: &str) -> &str {
    let inside = dump.trim().strip_prefix(&format!("<{}>", entity.name())).unwrap();
    inside.strip_suffix(&format!("</{}>", entity.name())).unwrap()
}

/// A block with one to four damages. What is not UTF-8 is replaced, as ingest does before it reads a block.
fn damaged(blocks: &[String], rng: &mut ChaCha8Rng) -> String {
    let mut bytes = pick(blocks, rng).clone().into_bytes();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let upto = (at + rng.random_range(0..40)).min(bytes.len());
        match rng.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => drop(bytes.drain(at..upto)),
            2 => bytes.insert(at, rng.random()),
            3 => bytes.truncate(at),
            4 => {
                let other = pick(blocks, rng).as_bytes();
                let from = rng.random_range(0..=other.len());
                let length = rng.random_range(0..200).min(other.len() - from);
                bytes.splice(at..upto, other[from..from + length].iter().copied());
            }
            5 => {
                let markup = MARKUP[rng.random_range(0..MARKUP.len())];
                bytes.splice(at..at, markup.bytes());
            }
            _ => {
                let again = bytes[at..upto].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn pick<'l, T>(list: &'l [T], rng: &mut ChaCha8Rng) -> &'l T {
    &list[rng.random_range(0..list.len())]
}

/// What single bytes hardly ever become.
const MARKUP: &[&str] = &[
    "<",
    ">",
    "&",
    "&;",
    "&#",
    "&#0;",
    "&#xD800;",
    "&#99999999999;",
    "&#x;",
    "&unknown;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE x [<!ENTITY a \"b\">]>",
    "&a;",
    "<?xml version=\"1.0\"?>",
    "</",
    "/>",
    "=\"",
    "'",
    "\0",
    "\u{7}",
    "\u{feff}",
    "<artist>",
    "</artist>",
    "<label>",
    "</label>",
    "<release id=\"1\">",
    "</release>",
    "<master id='1'>",
    "</master>",
    "<sub_tracks><track>",
    "<members><id>1</id>",
    "<a:b c:d=\"\">",
    "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>\
     <a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
];
