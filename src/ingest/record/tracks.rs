//! Converts the track list of a release to rows.

use std::borrow::Cow;

use super::credit::Credit;
use super::cursor::Cursor;
use super::releases::{ReleaseTables, TrackArtistRow, TrackCreditRow, TrackRow};
use super::token::{Malformed, Tokens};
use super::value;

/// The track list of a release, buffered before it becomes rows, because an index track precedes its sub-tracks
/// regardless of the order of its elements.
#[derive(Default)]
pub struct TrackList<'b> {
    tracks: Vec<Track<'b>>,
    artists: Vec<(i32, Credit<'b>)>,
    extra_artists: Vec<(i32, Credit<'b>)>,
}

/// Initial capacity of the list: more tracks than most releases have, because a list that grows is copied.
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
    ///
    /// # Errors
    /// Returns an error if the XML is malformed or nested too deeply.
    pub fn read<T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<(), Malformed> {
        self.read_tracks(cursor, None)
    }

    /// Reads the `<track>`s of a track list or of `<sub_tracks>`. The cursor limits the depth of the recursion.
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

impl TrackList<'_> {
    /// Appends the tracks and their credits to the tables of the releases.
    pub fn push_to(mut self, release_id: i64, tables: &mut ReleaseTables) {
        for (sequence, track) in (1..).zip(&self.tracks) {
            tables.tracks.push(TrackRow {
                release_id,
                sequence,
                parent_sequence: track.parent,
                position: track.position.as_deref(),
                title: track.title.as_deref(),
                duration: track.duration.as_deref(),
                duration_seconds: track.duration.as_deref().and_then(value::duration_seconds),
            });
        }
        // An index track's own credits may follow those of its sub-tracks; the rows are in the order of their key.
        sort_by_track(&mut self.artists);
        sort_by_track(&mut self.extra_artists);
        for (position, track_sequence, credit) in numbered(&self.artists) {
            tables.track_artists.push(TrackArtistRow {
                release_id,
                track_sequence,
                position,
                artist_id: credit.artist_id,
                name: credit.name.as_deref(),
                anv: credit.anv.as_deref(),
                join_phrase: credit.join.as_deref(),
            });
        }
        for (position, track_sequence, credit) in numbered(&self.extra_artists) {
            tables.track_credits.push(TrackCreditRow {
                release_id,
                track_sequence,
                position,
                artist_id: credit.artist_id,
                name: credit.name.as_deref(),
                anv: credit.anv.as_deref(),
                role: credit.role.as_deref(),
                tracks: credit.tracks.as_deref(),
            });
        }
    }
}

/// Sorts credits by track and keeps their order within each track. Nearly all lists are sorted already, so this checks
/// first: the sort would move and allocate.
fn sort_by_track(credits: &mut [(i32, Credit<'_>)]) {
    if !credits.is_sorted_by_key(|(sequence, _)| *sequence) {
        credits.sort_by_key(|(sequence, _)| *sequence);
    }
}

/// Numbers the credits from 1 within each track: position, sequence of the track, credit.
fn numbered<'l, 'b>(credits: &'l [(i32, Credit<'b>)]) -> impl Iterator<Item = (i32, i32, &'l Credit<'b>)> {
    let mut last = (0, 0);
    credits.iter().map(move |(sequence, credit)| {
        last = if last.0 == *sequence { (*sequence, last.1 + 1) } else { (*sequence, 1) };
        (last.1, *sequence, credit)
    })
}
