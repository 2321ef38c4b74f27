//! Real dumps: every cell of every table, in order.

use super::Entity;
use super::dumps;
use super::lake::{Lake, difference, expected};
use crate::support::sample_dumps;

#[test]
fn the_dump_of_2020_08_is_read_as_the_reference_reads_it() {
    compare("2020-08");
}

#[test]
fn the_dump_of_2017_04_is_read_as_the_reference_reads_it() {
    compare("2017-04");
}

#[test]
fn the_dump_of_2025_01_is_read_as_the_reference_reads_it() {
    compare("2025-01");
}

fn compare(month: &str) {
    let Some(folder) = sample_dumps() else { return };
    for entity in Entity::ALL {
        let dump = dumps::dump(&folder.join(month), entity);
        let ingested = Lake::new().ingest(entity, &dump);
        let expected = expected(entity, &dumps::text(&dump));
        let rows: usize = expected.iter().map(|table| table.rows.len()).sum();
        assert!(rows > 0, "{} holds nothing", dump.display());
        if let Some(difference) = difference(&ingested, &expected) {
            panic!("{}\n{difference}", dump.display());
        }
    }
}
