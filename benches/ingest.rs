//! Micro-benchmarks of the tokenisers and of parsing blocks into row batches: `cargo bench --bench ingest`.
//!
//! The input is 7 MB of XML of generated releases; rates are bytes of XML.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use discogs_lakehouse::contract::Contract;
use discogs_lakehouse::ingest::record::{
    BlockReader, OnBadRecord, Records, Reference, Releases, Scanner, Token, Tokeniser, Tokens,
};
use discogs_lakehouse::parquet::arrow_schema;
use divan::Bencher;
use divan::counter::BytesCount;
use generate_dumps::{Counts, Entity, Layout, Plan};

fn main() {
    divan::main();
}

/// Returns the records of a generated dump, without the root element.
fn releases() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = Plan {
            raw_root: folder.path().to_owned(),
            month: "2026-08".parse().expect("a month"),
            day: 1,
            counts: Counts::for_releases(2000),
            seed: 1,
            layout: Layout::Current,
            unknown_element: false,
            compression: 1,
            entities: vec![Entity::Releases],
            replace: false,
        };
        let written = generate_dumps::write_month(&plan, &mut |_, _| {}).expect("a dump");
        let path: PathBuf = written.folder.join("discogs_20260801_releases.xml.gz");
        let mut text = String::new();
        let file = std::fs::File::open(path).expect("the dump");
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        let (start, end) = (text.find('>').expect("a root") + 1, text.rfind("</releases>").expect("its end"));
        text[start..end].to_owned()
    })
}

fn count<'b>(mut tokens: impl Tokens<'b>) -> usize {
    let mut count = 0;
    while tokens.next().expect("well-formed") != Token::End {
        count += 1;
    }
    count
}

#[divan::bench]
fn tokens_by_the_scanner(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::of_str(releases())).bench(|| count(Scanner::new(releases())));
}

#[divan::bench]
fn tokens_by_the_reference(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::of_str(releases())).bench(|| count(Reference::new(releases())));
}

fn batches(bencher: Bencher<'_, '_>, tokeniser: Tokeniser) {
    let contract = Contract::load().expect("the contract");
    let table =
        |rows: discogs_lakehouse::parquet::TableRows| arrow_schema(contract.table(rows.table).expect("the table"));
    let schemas = Releases::declarations().into_iter().map(table).collect();
    let ignored: BTreeSet<String> = contract.ignored_paths.iter().map(|rule| rule.path.clone()).collect();
    let mut reader =
        BlockReader::<Releases>::new(schemas, Arc::new(ignored), OnBadRecord::Stop).with_tokeniser(tokeniser);
    let counter = BytesCount::of_str(releases());
    bencher.counter(counter).bench_local(|| reader.read(releases()).expect("well-formed").batches.len());
}

#[divan::bench]
fn batches_by_the_scanner(bencher: Bencher<'_, '_>) {
    batches(bencher, Tokeniser::Auto);
}

#[divan::bench]
fn batches_by_the_reference(bencher: Bencher<'_, '_>) {
    batches(bencher, Tokeniser::Reference);
}
