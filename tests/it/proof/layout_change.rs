//! Records before and after the change of layout of 2024 have equal rows, unless upstream changed them.

use std::fs;

use super::Entity;
use super::lake::{Lake, difference, expected};
use crate::support::{Row, Table, Value, sample_dumps};

#[test]
fn artist_2_lost_its_real_name_and_nothing_else() {
    let Some([mut before, after]) = ingested(Entity::Artists, "artist_2_20231001", "artist_2_20250501") else { return };
    let artist = table(&mut before, "artists_v1_typed");
    let realname = artist.columns.iter().position(|column| column == "realname").unwrap();
    assert_eq!(artist.rows[0][realname], Value::text(Some("Cari Lekebusch & Alexi Delano")));
    artist.rows[0][realname] = Value::Null;
    assert_eq!(difference(&before, &after), None);
}

#[test]
fn release_40299_got_two_series_and_a_video_and_nothing_else() {
    let dumps = ("release_40299_20231001", "release_40299_20250501");
    let Some([mut before, mut after]) = ingested(Entity::Releases, dumps.0, dumps.1) else { return };

    let series = table(&mut after, "release_series_v1");
    let row = |position, id, name, catno| {
        [[40299, position, id].map(Value::Int).to_vec(), vec![Value::text(Some(name)), Value::text(catno)]].concat()
    };
    assert_eq!(series.rows, [row(1, 183060, "Take", Some("4")), row(2, 475876, "A.B.-Sounds", None)]);
    series.rows.clear();

    let videos = table(&mut after, "release_videos_v1");
    assert_eq!(videos.rows.len(), 2);
    let added: Row = videos.rows.pop().unwrap();
    assert_eq!(added[2], Value::text(Some("https://www.youtube.com/watch?v=6KwqUVPJ-xc")));

    assert_eq!(table(&mut before, "release_tracks_v1").rows.len(), 2);
    assert_eq!(difference(&before, &after), None);
}

#[test]
fn the_other_records_are_read_as_the_reference_reads_them() {
    for (entity, record) in [
        (Entity::Artists, "artist_26_20231001"),
        (Entity::Labels, "label_1000_20231001"),
        (Entity::Masters, "master_830352_20231001"),
    ] {
        ingested(entity, record, record);
    }
}

/// The tables of both, each compared with the reference.
fn ingested(entity: Entity, before: &str, after: &str) -> Option<[Vec<Table>; 2]> {
    let folder = sample_dumps()?.join("layout-change");
    let tables = [before, after].map(|record| {
        let record = fs::read_to_string(folder.join(format!("{record}.xml"))).unwrap();
        let xml = format!("<{root}>\n{record}</{root}>\n", root = entity.name());
        let ingested = Lake::new().ingest_xml(entity, &xml, &[]).unwrap();
        assert_eq!(difference(&ingested, &expected(entity, &xml)), None);
        ingested
    });
    Some(tables)
}

fn table<'t>(tables: &'t mut [Table], name: &str) -> &'t mut Table {
    tables.iter_mut().find(|table| table.name == name).unwrap()
}
