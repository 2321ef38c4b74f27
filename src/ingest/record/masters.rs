//! Converts records of the masters dump to rows.

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::credit::Credit;
use super::cursor::{Cursor, RecordError};
use super::joined::Joined;
use super::token::Tokens;
use super::value;
use super::video::Video;
use crate::dump::Entity;
use crate::parquet::{TableRows, tables};

tables! {
    MasterTables {
        masters: MasterRows, MasterRow, "masters_v1_typed" {
            master_id: Id, main_release_id: Bigint, title: Varchar, year: Bigint, master_artists: Varchar,
            master_artist_ids: Varchar, genres: Varchar, styles: Varchar, data_quality: Varchar, notes: Varchar,
        }
        artists: ArtistRows, ArtistRow, "master_artists_v1" {
            master_id: Id, position: Position, artist_id: Bigint, name: Varchar, anv: Varchar, join_phrase: Varchar,
        }
        genres: GenreRows, GenreRow, "master_genres_v1" { master_id: Id, position: Position, genre: Text }
        styles: StyleRows, StyleRow, "master_styles_v1" { master_id: Id, position: Position, style: Text }
        videos: VideoRows, VideoRow, "master_videos_v1" {
            master_id: Id, position: Position, src: Varchar, title: Varchar, description: Varchar,
            duration_seconds: Integer, embed: Boolean,
        }
    }
}

/// The reader of `masters/master`.
#[derive(Default)]
pub struct Masters {
    tables: MasterTables,
    joined_artists: Joined,
    joined_artist_ids: Joined,
    joined_genres: Joined,
    joined_styles: Joined,
}

/// The number of rows of each list of the master so far.
#[derive(Default)]
struct Positions {
    artist: i32,
    genre: i32,
    style: i32,
    video: i32,
}

impl Records for Masters {
    const ENTITY: Entity = Entity::Masters;

    fn declarations() -> Vec<TableRows> {
        MasterTables::declarations()
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError> {
        let id = cursor.attribute("id");
        let master_id = id.as_deref().and_then(value::integer).ok_or(RecordError::NoKey)?;
        self.clear_joined();
        let mut at = Positions::default();
        let (mut main_release, mut title, mut year, mut data_quality, mut notes) = (None, None, None, None, None);
        while let Some(element) = cursor.child()? {
            match element {
                "main_release" => cursor.text_once(&mut main_release)?,
                "title" => cursor.text_once(&mut title)?,
                "year" => cursor.text_once(&mut year)?,
                "data_quality" => cursor.text_once(&mut data_quality)?,
                "notes" => cursor.text_once(&mut notes)?,
                "artists" => {
                    Credit::read_artists(cursor, |credit| self.push_artist(master_id, &mut at.artist, credit))?
                }
                "genres" => cursor.texts("genre", |genre| self.push_genre(master_id, &mut at.genre, &genre))?,
                "styles" => cursor.texts("style", |style| self.push_style(master_id, &mut at.style, &style))?,
                "videos" => Video::read_list(cursor, |video| self.push_video(master_id, &mut at.video, video))?,
                _ => cursor.unclaimed()?,
            }
        }
        self.tables.masters.push(MasterRow {
            master_id,
            main_release_id: cursor.id(&main_release),
            title: title.as_deref(),
            year: cursor.parsed(&year, value::integer, "years_not_numbers"),
            master_artists: self.joined_artists.text(),
            master_artist_ids: self.joined_artist_ids.text(),
            genres: self.joined_genres.text(),
            styles: self.joined_styles.text(),
            data_quality: data_quality.as_deref(),
            notes: notes.as_deref(),
        });
        Ok(master_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        self.tables.finish(schemas)
    }
}

impl Masters {
    fn clear_joined(&mut self) {
        self.joined_artists.clear();
        self.joined_artist_ids.clear();
        self.joined_genres.clear();
        self.joined_styles.clear();
    }

    fn push_artist(&mut self, master_id: i64, position: &mut i32, credit: Credit<'_>) {
        *position += 1;
        self.joined_artists.push_option(", ", &credit.name);
        self.joined_artist_ids.push_option(",", &credit.id_text);
        self.tables.artists.push(ArtistRow {
            master_id,
            position: *position,
            artist_id: credit.artist_id,
            name: credit.name.as_deref(),
            anv: credit.anv.as_deref(),
            join_phrase: credit.join.as_deref(),
        });
    }

    fn push_genre(&mut self, master_id: i64, position: &mut i32, genre: &str) {
        *position += 1;
        self.joined_genres.push(", ", genre);
        self.tables.genres.push(GenreRow { master_id, position: *position, genre });
    }

    fn push_style(&mut self, master_id: i64, position: &mut i32, style: &str) {
        *position += 1;
        self.joined_styles.push(", ", style);
        self.tables.styles.push(StyleRow { master_id, position: *position, style });
    }

    fn push_video(&mut self, master_id: i64, position: &mut i32, video: Video<'_>) {
        *position += 1;
        self.tables.videos.push(VideoRow {
            master_id,
            position: *position,
            src: video.src.as_deref(),
            title: video.title.as_deref(),
            description: video.description.as_deref(),
            duration_seconds: video.duration_seconds,
            embed: video.embed,
        });
    }
}
