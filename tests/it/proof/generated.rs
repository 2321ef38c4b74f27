//! Generated records: any mix of what a dump may hold, against the reference.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::Entity;
use super::choices::shortest;
use super::lake::{Lake, difference, expected};
use super::records;

/// Each is a start of a binary, so there are few of them and many records in each.
const CASES: u32 = 48;
const RECORDS: usize = 80;

#[test]
fn any_artists_are_read_as_the_reference_reads_them() {
    compare(Entity::Artists);
}

#[test]
fn any_labels_are_read_as_the_reference_reads_them() {
    compare(Entity::Labels);
}

#[test]
fn any_masters_are_read_as_the_reference_reads_them() {
    compare(Entity::Masters);
}

#[test]
fn any_releases_are_read_as_the_reference_reads_them() {
    compare(Entity::Releases);
}

fn compare(entity: Entity) {
    let from_environment = std::env::var_os("PROPTEST_CASES").map(|_| Config::default().cases);
    let config = Config {
        cases: from_environment.unwrap_or(CASES),
        // `smallest` needs a tenth of the binary's starts.
        max_shrink_iters: 0,
        // The message holds the XML; a file of choices would mean something else after the next change of layout.rs.
        failure_persistence: None,
        ..Config::default()
    };
    let records = vec(vec(any::<u32>(), 0..600), 1..RECORDS);
    let outcome = TestRunner::new(config).run(&records, |records| match failure(entity, &records) {
        Some(found) => Err(TestCaseError::fail(found)),
        None => Ok(()),
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(_, records)) => panic!("{}", smallest(entity, records)),
        Err(error) => panic!("{error}"),
    }
}

/// What is wrong with the tables of a dump of such records.
fn failure(entity: Entity, records: &[Vec<u32>]) -> Option<String> {
    let xml = records::dump(entity, records);
    // Blocks that end in the midst of the dump, and workers that overtake each other.
    let further = ["--block-size", "4KiB", "--threads", "2"];
    match Lake::new().ingest_xml(entity, &xml, &further) {
        Ok(ingested) => difference(&ingested, &expected(entity, &xml)),
        Err(error) => Some(error),
    }
}

/// Shrinks a failure to few and short records; the failure may become another one.
fn smallest(entity: Entity, records: Vec<Vec<u32>>) -> String {
    let mut records = shortest(records, |records| failure(entity, records).is_some());
    for index in 0..records.len() {
        let with = |choices: &[u32]| {
            let mut changed = records.clone();
            changed[index] = choices.to_vec();
            changed
        };
        records = with(&shortest(records[index].clone(), |choices| failure(entity, &with(choices)).is_some()));
    }
    format!("{}\n{}", failure(entity, &records).unwrap_or_default(), records::dump(entity, &records))
}
