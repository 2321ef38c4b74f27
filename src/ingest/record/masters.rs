use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::credit::Credit;
use super::cursor::{Cursor, Fault};
use super::joined::Joined;
use super::token::Tokens;
use super::value;
use super::video::Video;
use crate::dump::Entity;
use crate::parquet::{TableRows, rows};

rows! {
    MasterRows "masters_v1_typed" {
        master_id: Bigint, main_release_id: Bigint, title: Varchar, year: Bigint, master_artists: Varchar,
        master_artist_ids: Varchar, genres: Varchar, styles: Varchar, data_quality: Varchar, notes: Varchar,
    }
    ArtistRows "master_artists_v1" {
        master_id: Bigint, position: Integer, artist_id: Bigint, name: Varchar, anv: Varchar, join_phrase: Varchar,
    }
    GenreRows "master_genres_v1" { master_id: Bigint, position: Integer, genre: Varchar }
    StyleRows "master_styles_v1" { master_id: Bigint, position: Integer, style: Varchar }
    VideoRows "master_videos_v1" {
        master_id: Bigint, position: Integer, src: Varchar, title: Varchar, description: Varchar,
        duration_seconds: Integer, embed: Boolean,
    }
}

/// `masters/master`.
#[derive(Default)]
pub struct Masters {
    masters: MasterRows,
    artists: ArtistRows,
    genres: GenreRows,
    styles: StyleRows,
    videos: VideoRows,
    joined_artists: Joined,
    joined_artist_ids: Joined,
    joined_genres: Joined,
    joined_styles: Joined,
}

/// How many rows of each list a master has so far.
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
        vec![
            MasterRows::declaration(),
            ArtistRows::declaration(),
            GenreRows::declaration(),
            StyleRows::declaration(),
            VideoRows::declaration(),
        ]
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, Fault> {
        let id = cursor.attribute("id");
        let master_id = id.as_deref().and_then(value::integer).ok_or(Fault::NoKey)?;
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
        let masters = &mut self.masters;
        masters.master_id.append_value(master_id);
        masters.main_release_id.append_option(cursor.id(&main_release));
        masters.title.append_option(title);
        masters.year.append_option(cursor.parsed(&year, value::integer, "years_not_numbers"));
        self.joined_artists.append_to(&mut masters.master_artists);
        self.joined_artist_ids.append_to(&mut masters.master_artist_ids);
        self.joined_genres.append_to(&mut masters.genres);
        self.joined_styles.append_to(&mut masters.styles);
        masters.data_quality.append_option(data_quality);
        masters.notes.append_option(notes);
        Ok(master_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        Ok(vec![
            self.masters.finish(&schemas[0])?,
            self.artists.finish(&schemas[1])?,
            self.genres.finish(&schemas[2])?,
            self.styles.finish(&schemas[3])?,
            self.videos.finish(&schemas[4])?,
        ])
    }
}

impl Masters {
    fn push_artist(&mut self, master_id: i64, position: &mut i32, credit: Credit<'_>) {
        *position += 1;
        self.joined_artists.push_option(", ", &credit.name);
        self.joined_artist_ids.push_option(",", &credit.id_text);
        self.artists.master_id.append_value(master_id);
        self.artists.position.append_value(*position);
        self.artists.artist_id.append_option(credit.artist_id);
        self.artists.name.append_option(credit.name);
        self.artists.anv.append_option(credit.anv);
        self.artists.join_phrase.append_option(credit.join);
    }

    fn push_genre(&mut self, master_id: i64, position: &mut i32, genre: &str) {
        *position += 1;
        self.joined_genres.push(", ", genre);
        self.genres.master_id.append_value(master_id);
        self.genres.position.append_value(*position);
        self.genres.genre.append_value(genre);
    }

    fn push_style(&mut self, master_id: i64, position: &mut i32, style: &str) {
        *position += 1;
        self.joined_styles.push(", ", style);
        self.styles.master_id.append_value(master_id);
        self.styles.position.append_value(*position);
        self.styles.style.append_value(style);
    }

    fn push_video(&mut self, master_id: i64, position: &mut i32, video: Video<'_>) {
        *position += 1;
        self.videos.master_id.append_value(master_id);
        self.videos.position.append_value(*position);
        self.videos.src.append_option(video.src);
        self.videos.title.append_option(video.title);
        self.videos.description.append_option(video.description);
        self.videos.duration_seconds.append_option(video.duration_seconds);
        self.videos.embed.append_option(video.embed);
    }
}
