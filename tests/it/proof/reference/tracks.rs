use super::Tables;
use super::numbers::seconds;
use super::parts::Credit;
use crate::proof::dom::Element;
use crate::support::Value;

/// Tracks in the order in which they start, each with its sub-tracks behind it.
pub fn read(release: &Element, id: i64, tables: &mut Tables) {
    let mut sequence = 0;
    for track in release.entries("tracklist", "track") {
        read_track(track, id, None, &mut sequence, tables);
    }
}

fn read_track(track: &Element, id: i64, parent: Option<i64>, sequence: &mut i64, tables: &mut Tables) {
    *sequence += 1;
    let own = *sequence;
    let duration = track.child_text("duration");
    let row = vec![
        Value::Int(id),
        Value::Int(own),
        parent.map_or(Value::Null, Value::Int),
        Value::text(track.child_text("position")),
        Value::text(track.child_text("title")),
        Value::text(duration),
        seconds(duration),
    ];
    tables.add("release_tracks_v1", row);

    for (position, artist) in (1..).zip(Credit::artists(track)) {
        let key = [id, own, position].map(Value::Int).to_vec();
        tables.add("release_track_artists_v1", [key, artist.artist_row()].concat());
    }
    for (position, credit) in (1..).zip(Credit::extra_artists(track)) {
        let key = [id, own, position].map(Value::Int).to_vec();
        tables.add("release_track_credits_v1", [key, credit.extra_row()].concat());
    }
    for sub_track in track.entries("sub_tracks", "track") {
        read_track(sub_track, id, Some(own), sequence, tables);
    }
}
