use super::numbers::{bigint, number};
use super::parts::{Credit, videos};
use super::{Declared, Tables, joined, joined_texts};
use crate::proof::dom::Element;
use crate::support::Value;

pub const TABLES: Declared = &[
    (
        "masters_v1_typed",
        "master_id main_release_id title year master_artists master_artist_ids genres styles data_quality notes",
    ),
    ("master_artists_v1", "master_id position artist_id name anv join_phrase"),
    ("master_genres_v1", "master_id position genre"),
    ("master_styles_v1", "master_id position style"),
    ("master_videos_v1", "master_id position src title description duration_seconds embed"),
];

pub fn read(master: &Element, tables: &mut Tables) {
    let Some(id) = master.attribute("id").and_then(number) else { return };
    let artists = Credit::artists(master);
    let genres = master.texts("genres", "genre");
    let styles = master.texts("styles", "style");

    let row = vec![
        Value::Int(id),
        bigint(master.child_text("main_release")),
        Value::text(master.child_text("title")),
        bigint(master.child_text("year")),
        joined(artists.iter().map(|artist| artist.name), ", "),
        joined(artists.iter().map(|artist| artist.id), ","),
        joined_texts(&genres),
        joined_texts(&styles),
        Value::text(master.child_text("data_quality")),
        Value::text(master.child_text("notes")),
    ];
    tables.add("masters_v1_typed", row);

    tables.add_list("master_artists_v1", id, artists.iter().map(Credit::artist_row));
    tables.add_texts("master_genres_v1", id, &genres);
    tables.add_texts("master_styles_v1", id, &styles);
    tables.add_list("master_videos_v1", id, videos(master));
}
