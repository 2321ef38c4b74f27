//! Damaged XML: whatever stands in a block, the reader comes to an end without a panic, and what it reads of a block is
//! the same whether bad records stop it or not.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use discogs_lakehouse::record::{Artists, BlockReader, Labels, Masters, OnBadRecord, Records, Releases};
use discogs_lakehouse::table::{Contract, arrow_schema};
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::entity::Entity;
use super::{dumps, records};

/// How many inputs are tried; a scheduled run sets more.
const INPUTS_VARIABLE: &str = "DISCOGS_FUZZ_INPUTS";
const SEED_VARIABLE: &str = "DISCOGS_FUZZ_SEED";
const INPUTS: u64 = 5000;
const SEED: u64 = 20261120;

/// No block takes this long; one that does is a loop.
const LONGEST: Duration = Duration::from_secs(20);

/// A block longer than this only makes the test slow.
const LONGEST_BLOCK: usize = 6000;

#[test]
fn damaged_blocks_are_read_to_an_end() {
    let inputs = number(INPUTS_VARIABLE).unwrap_or(INPUTS);
    let seed = number(SEED_VARIABLE).unwrap_or(SEED);
    let contract = Contract::load().unwrap();
    let blocks: Vec<Vec<String>> = Entity::ALL.into_iter().map(blocks).collect();

    let (mut tried, mut readable) = (0, 0);
    for input in 0..inputs {
        // Each input has its own numbers, so that one can be tried alone.
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(input));
        let entity = Entity::ALL[rng.random_range(0..Entity::ALL.len())];
        let text = damaged(&blocks[entity as usize], &mut rng);
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| match entity {
            Entity::Artists => read::<Artists>(&contract, &text),
            Entity::Labels => read::<Labels>(&contract, &text),
            Entity::Masters => read::<Masters>(&contract, &text),
            Entity::Releases => read::<Releases>(&contract, &text),
        }));
        let again = format!("{SEED_VARIABLE}={} {INPUTS_VARIABLE}=1", seed.wrapping_add(input));
        assert!(started.elapsed() < LONGEST, "{entity:?}, {again} took {:?}\n{text}", started.elapsed());
        match outcome {
            Ok(whole) => readable += u64::from(whole),
            Err(_) => panic!("{entity:?}, {again}\n{text}"),
        }
        tried += 1;
    }
    println!("{tried} damaged blocks tried, {readable} of them still well-formed, seed {seed}");
    assert_eq!(tried, inputs);
}

/// Reads a block both ways. Gives whether it was well-formed.
fn read<R: Records>(contract: &Contract, text: &str) -> bool {
    let declarations = R::declarations();
    let schemas: Vec<_> = declarations.iter().map(|rows| arrow_schema(contract.table(rows.table).unwrap())).collect();
    let ignored: BTreeSet<String> = contract.ignored_paths.iter().map(|ignored| ignored.path.clone()).collect();
    let ignored = Arc::new(ignored);
    let read = |on_bad_record| BlockReader::<R>::new(schemas.clone(), ignored.clone(), on_bad_record).read(text);

    let skipped = read(OnBadRecord::Skip).unwrap_or_else(|fault| panic!("skip ended: {:?}", fault.malformed));
    assert_eq!(skipped.batches.len(), declarations.len());
    for bad in &skipped.bad {
        assert!(bad.offset <= text.len() && text.contains(&bad.text), "a bad record that is not of the block");
    }
    match read(OnBadRecord::Stop) {
        Ok(stopped) => {
            assert!(skipped.bad.is_empty(), "skipped where nothing stopped");
            assert_eq!(stopped.batches, skipped.batches);
            assert_eq!(stopped.tally, skipped.tally);
            true
        }
        Err(fault) => {
            assert!(!skipped.bad.is_empty(), "stopped where nothing was skipped: {:?}", fault.malformed);
            assert!(fault.malformed.offset <= text.len());
            false
        }
    }
}

/// What is damaged: records of the real dumps where there are any, and generated ones.
fn blocks(entity: Entity) -> Vec<String> {
    let mut blocks = Vec::new();
    for month in dumps::folder().into_iter().flat_map(|folder| dumps::MONTHS.map(|month| folder.join(month))) {
        let dump = dumps::text(&dumps::dump(&month, entity));
        let records = without_root(entity, &dump);
        let mut upto = records.len().min(LONGEST_BLOCK);
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
    let inside = dump.trim().strip_prefix(&format!("<{}>", entity.root())).unwrap();
    inside.strip_suffix(&format!("</{}>", entity.root())).unwrap()
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

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: {text:?} is not a number")))
}
