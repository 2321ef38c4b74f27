use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::credit::Credit;
use super::cursor::Cursor;
use super::token::{Malformed, Tokens};
use super::value;
use crate::parquet::{TableRows, rows};

rows! {
    TrackRows "release_tracks_v1" {
        release_id: Bigint, sequence: Integer, parent_sequence: Integer, position: Varchar, title: Varchar,
        duration: Varchar, duration_seconds: Integer,
    }
    ArtistRows "release_track_artists_v1" {
        release_id: Bigint, track_sequence: Integer, position: Integer, artist_id: Bigint, name: Varchar,
        anv: Varchar, join_phrase: Varchar,
    }
    CreditRows "release_track_credits_v1" {
        release_id: Bigint, track_sequence: Integer, position: Integer, artist_id: Bigint, name: Varchar,
        anv: Varchar, role: Varchar, tracks: Varchar,
    }
}

/// The track list of one release, gathered before it becomes rows: an index track comes before its sub-tracks, whatever
/// the order of its elements.
#[derive(Default)]
pub struct TrackList<'b> {
    tracks: Vec<Track<'b>>,
    artists: Vec<(i32, Credit<'b>)>,
    extra_artists: Vec<(i32, Credit<'b>)>,
}

/// More tracks than most releases have: a list that grows is copied.
const USUAL_TRACKS: usize = 24;

#[derive(Default)]
struct Track<'b> {
    parent: Option<i32>,
    position: Option<Cow<'b, str>>,
    title: Option<Cow<'b, str>>,
    duration: Option<Cow<'b, str>>,
}

impl<'b> TrackList<'b> {
    /// Reads `<tracklist>`.
    pub fn read<T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<(), Malformed> {
        self.read_tracks(cursor, None)
    }

    /// Reads the `<track>`s of a track list or of `<sub_tracks>`. How deep they nest is bounded by the cursor.
    fn read_tracks<T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        parent: Option<i32>,
    ) -> Result<(), Malformed> {
        while let Some(element) = cursor.child()? {
            match element {
                "track" => self.read_track(cursor, parent)?,
                _ => cursor.unclaimed()?,
            }
        }
        Ok(())
    }

    fn read_track<T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        parent: Option<i32>,
    ) -> Result<(), Malformed> {
        if self.tracks.is_empty() {
            self.tracks.reserve(USUAL_TRACKS);
        }
        let index = self.tracks.len();
        let sequence = index as i32 + 1;
        self.tracks.push(Track { parent, ..Track::default() });
        while let Some(element) = cursor.child()? {
            match element {
                "position" => cursor.text_once(&mut self.tracks[index].position)?,
                "title" => cursor.text_once(&mut self.tracks[index].title)?,
                "duration" => cursor.text_once(&mut self.tracks[index].duration)?,
                "artists" => Credit::read_artists(cursor, |credit| self.artists.push((sequence, credit)))?,
                "extraartists" => {
                    Credit::read_extra_artists(cursor, |credit| self.extra_artists.push((sequence, credit)))?;
                }
                "sub_tracks" => self.read_tracks(cursor, Some(sequence))?,
                _ => cursor.unclaimed()?,
            }
        }
        Ok(())
    }
}

/// The rows of track lists.
#[derive(Default)]
pub struct TrackTables {
    tracks: TrackRows,
    artists: ArtistRows,
    credits: CreditRows,
}

impl TrackTables {
    pub fn declarations() -> [TableRows; 3] {
        [TrackRows::declaration(), ArtistRows::declaration(), CreditRows::declaration()]
    }

    pub fn push(&mut self, release_id: i64, mut list: TrackList<'_>) {
        for (sequence, track) in (1..).zip(&list.tracks) {
            let rows = &mut self.tracks;
            rows.release_id.append_value(release_id);
            rows.sequence.append_value(sequence);
            rows.parent_sequence.append_option(track.parent);
            rows.position.append_option(track.position.as_deref());
            rows.title.append_option(track.title.as_deref());
            rows.duration_seconds.append_option(track.duration.as_deref().and_then(value::duration_seconds));
            rows.duration.append_option(track.duration.as_deref());
        }
        // An index track's own credits may come behind those of its sub-tracks; the rows are in the order of their key.
        sort_by_track(&mut list.artists);
        sort_by_track(&mut list.extra_artists);
        for (position, sequence, credit) in numbered(&list.artists) {
            let rows = &mut self.artists;
            rows.release_id.append_value(release_id);
            rows.track_sequence.append_value(sequence);
            rows.position.append_value(position);
            rows.artist_id.append_option(credit.artist_id);
            rows.name.append_option(credit.name.as_deref());
            rows.anv.append_option(credit.anv.as_deref());
            rows.join_phrase.append_option(credit.join.as_deref());
        }
        for (position, sequence, credit) in numbered(&list.extra_artists) {
            let rows = &mut self.credits;
            rows.release_id.append_value(release_id);
            rows.track_sequence.append_value(sequence);
            rows.position.append_value(position);
            rows.artist_id.append_option(credit.artist_id);
            rows.name.append_option(credit.name.as_deref());
            rows.anv.append_option(credit.anv.as_deref());
            rows.role.append_option(credit.role.as_deref());
            rows.tracks.append_option(credit.tracks.as_deref());
        }
    }

    pub fn finish(&mut self, schemas: &[SchemaRef]) -> Result<[RecordBatch; 3], ArrowError> {
        Ok([self.tracks.finish(&schemas[0])?, self.artists.finish(&schemas[1])?, self.credits.finish(&schemas[2])?])
    }
}

/// Keeps the order within each track. Nearly always there is nothing to do, and the sort would move and allocate.
fn sort_by_track(credits: &mut [(i32, Credit<'_>)]) {
    if !credits.is_sorted_by_key(|(sequence, _)| *sequence) {
        credits.sort_by_key(|(sequence, _)| *sequence);
    }
}

/// Positions from 1 within each track.
fn numbered<'l, 'b>(credits: &'l [(i32, Credit<'b>)]) -> impl Iterator<Item = (i32, i32, &'l Credit<'b>)> {
    let mut last = (0, 0);
    credits.iter().map(move |(sequence, credit)| {
        last = if last.0 == *sequence { (*sequence, last.1 + 1) } else { (*sequence, 1) };
        (last.1, *sequence, credit)
    })
}
