//! Converts records of the releases dump to rows.

use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::credit::Credit;
use super::cursor::{Cursor, RecordError};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::tracks::TrackList;
use super::value;
use super::video::Video;
use crate::dump::Entity;
use crate::parquet::{TableRows, tables};

tables! {
    ReleaseTables {
        releases: ReleaseRows, ReleaseRow, "releases_v6" {
            release_id: Id, master_id: Bigint, title: Varchar, artists: Varchar, labels: Varchar,
            label_catnos: Varchar, country: Varchar, formats: Varchar, genres: Varchar, styles: Varchar,
            credits_flat: Varchar, status: Varchar, released: Varchar, data_quality: Varchar, format_qtys: Varchar,
            format_texts: Varchar, format_descriptions: Varchar, identifiers_flat: Varchar, notes: Varchar,
            is_main_release: Boolean, released_year: Integer,
        }
        artist_credits: ArtistCreditRows, ArtistCreditRow, "release_artist_credits_v1" {
            release_id: Id, position: Position, artist_id: Bigint, name: Varchar, anv: Varchar, join_phrase: Varchar,
        }
        extra_credits: ExtraCreditRows, ExtraCreditRow, "release_extra_credits_v1" {
            release_id: Id, position: Position, artist_id: Bigint, name: Varchar, anv: Varchar, role: Varchar,
            tracks: Varchar,
        }
        labels: LabelRows, LabelRow, "release_labels_v1" {
            release_id: Id, position: Position, label_id: Bigint, name: Varchar, catno: Varchar,
        }
        series: SeriesRows, SeriesRow, "release_series_v1" {
            release_id: Id, position: Position, series_id: Bigint, name: Varchar, catno: Varchar,
        }
        companies: CompanyRows, CompanyRow, "release_companies_v1" {
            release_id: Id, position: Position, company_id: Bigint, name: Varchar, catno: Varchar,
            entity_type: Varchar, entity_type_name: Varchar,
        }
        formats: FormatRows, FormatRow, "release_formats_v1" {
            release_id: Id, position: Position, name: Varchar, qty: Bigint, qty_text: Varchar, text: Varchar,
        }
        format_descriptions: FormatDescriptionRows, FormatDescriptionRow, "release_format_descriptions_v1" {
            release_id: Id, format_position: Position, position: Position, description: Text,
        }
        genres: GenreRows, GenreRow, "release_genres_v1" { release_id: Id, position: Position, genre: Text }
        styles: StyleRows, StyleRow, "release_styles_v1" { release_id: Id, position: Position, style: Text }
        identifiers: IdentifierRows, IdentifierRow, "release_identifiers_v1" {
            release_id: Id, position: Position, r#type: Varchar, description: Varchar, value: Varchar,
        }
        videos: VideoRows, VideoRow, "release_videos_v1" {
            release_id: Id, position: Position, src: Varchar, title: Varchar, description: Varchar,
            duration_seconds: Integer, embed: Boolean,
        }
        tracks: TrackRows, TrackRow, "release_tracks_v1" {
            release_id: Id, sequence: Position, parent_sequence: Integer, position: Varchar, title: Varchar,
            duration: Varchar, duration_seconds: Integer,
        }
        track_artists: TrackArtistRows, TrackArtistRow, "release_track_artists_v1" {
            release_id: Id, track_sequence: Position, position: Position, artist_id: Bigint, name: Varchar,
            anv: Varchar, join_phrase: Varchar,
        }
        track_credits: TrackCreditRows, TrackCreditRow, "release_track_credits_v1" {
            release_id: Id, track_sequence: Position, position: Position, artist_id: Bigint, name: Varchar,
            anv: Varchar, role: Varchar, tracks: Varchar,
        }
    }
}

/// The reader of `releases/release`.
#[derive(Default)]
pub struct Releases {
    tables: ReleaseTables,
    joined: JoinedLists,
}

/// The lists of the current release, joined as in `releases_v6`.
#[derive(Default)]
struct JoinedLists {
    artists: Joined,
    labels: Joined,
    catnos: Joined,
    formats: Joined,
    quantities: Joined,
    format_texts: Joined,
    format_descriptions: Joined,
    genres: Joined,
    styles: Joined,
    credits: Joined,
    identifiers: Joined,
}

impl JoinedLists {
    fn clear(&mut self) {
        for list in [
            &mut self.artists,
            &mut self.labels,
            &mut self.catnos,
            &mut self.formats,
            &mut self.quantities,
            &mut self.format_texts,
            &mut self.format_descriptions,
            &mut self.genres,
            &mut self.styles,
            &mut self.credits,
            &mut self.identifiers,
        ] {
            list.clear();
        }
    }
}

/// The number of rows of each list of the release so far.
#[derive(Default)]
struct Positions {
    artist: i32,
    extra: i32,
    label: i32,
    series: i32,
    company: i32,
    format: i32,
    genre: i32,
    style: i32,
    identifier: i32,
    video: i32,
}

/// The elements of a release that occur once.
#[derive(Default)]
struct Fields<'b> {
    title: Option<Cow<'b, str>>,
    country: Option<Cow<'b, str>>,
    released: Option<Cow<'b, str>>,
    notes: Option<Cow<'b, str>>,
    data_quality: Option<Cow<'b, str>>,
    status: Option<Cow<'b, str>>,
    /// The attribute `is_main_release`, and the master's id.
    master: (Option<Cow<'b, str>>, Option<Cow<'b, str>>),
}

impl Records for Releases {
    const ENTITY: Entity = Entity::Releases;

    fn declarations() -> Vec<TableRows> {
        ReleaseTables::declarations()
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError> {
        let id = cursor.attribute("id");
        let release_id = id.as_deref().and_then(value::integer).ok_or(RecordError::NoKey)?;
        let mut fields = Fields { status: cursor.attribute("status"), ..Fields::default() };
        self.joined.clear();
        let mut at = Positions::default();
        let mut tracks = TrackList::default();
        while let Some(element) = cursor.child()? {
            match element {
                "title" => cursor.text_once(&mut fields.title)?,
                "country" => cursor.text_once(&mut fields.country)?,
                "released" => cursor.text_once(&mut fields.released)?,
                "notes" => cursor.text_once(&mut fields.notes)?,
                "data_quality" => cursor.text_once(&mut fields.data_quality)?,
                "status" => cursor.text_once(&mut fields.status)?,
                "master_id" => cursor.attribute_and_text_once("is_main_release", &mut fields.master)?,
                "artists" => {
                    Credit::read_artists(cursor, |credit| self.push_artist(release_id, &mut at.artist, credit))?;
                }
                "extraartists" => {
                    Credit::read_extra_artists(cursor, |credit| self.push_extra(release_id, &mut at.extra, credit))?;
                }
                "labels" => self.read_labels(cursor, release_id, &mut at.label)?,
                "series" => self.read_series(cursor, release_id, &mut at.series)?,
                "companies" => self.read_companies(cursor, release_id, &mut at.company)?,
                "formats" => self.read_formats(cursor, release_id, &mut at.format)?,
                "genres" => cursor.texts("genre", |genre| self.push_genre(release_id, &mut at.genre, &genre))?,
                "styles" => cursor.texts("style", |style| self.push_style(release_id, &mut at.style, &style))?,
                "identifiers" => self.read_identifiers(cursor, release_id, &mut at.identifier)?,
                "videos" => Video::read_list(cursor, |video| self.push_video(release_id, &mut at.video, video))?,
                "tracklist" => tracks.read(cursor)?,
                _ => cursor.unclaimed()?,
            }
        }
        tracks.push_to(release_id, &mut self.tables);
        self.push_release(cursor, release_id, fields);
        Ok(release_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        self.tables.finish(schemas)
    }
}

impl Releases {
    fn push_release<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>, release_id: i64, fields: Fields<'b>) {
        let joined = &self.joined;
        self.tables.releases.push(ReleaseRow {
            release_id,
            master_id: cursor.id(&fields.master.1),
            title: fields.title.as_deref(),
            artists: joined.artists.text(),
            labels: joined.labels.text(),
            label_catnos: joined.catnos.text(),
            country: fields.country.as_deref(),
            formats: joined.formats.text(),
            genres: joined.genres.text(),
            styles: joined.styles.text(),
            credits_flat: joined.credits.text(),
            status: fields.status.as_deref(),
            released: fields.released.as_deref(),
            data_quality: fields.data_quality.as_deref(),
            format_qtys: joined.quantities.text(),
            format_texts: joined.format_texts.text(),
            format_descriptions: joined.format_descriptions.text(),
            identifiers_flat: joined.identifiers.text(),
            notes: fields.notes.as_deref(),
            is_main_release: cursor.parsed(&fields.master.0, value::flag, "flags_not_boolean"),
            released_year: fields.released.as_deref().and_then(value::released_year),
        });
    }

    fn push_artist(&mut self, release_id: i64, position: &mut i32, credit: Credit<'_>) {
        *position += 1;
        self.joined.artists.push_option(", ", &credit.name);
        self.tables.artist_credits.push(ArtistCreditRow {
            release_id,
            position: *position,
            artist_id: credit.artist_id,
            name: credit.name.as_deref(),
            anv: credit.anv.as_deref(),
            join_phrase: credit.join.as_deref(),
        });
    }

    fn push_extra(&mut self, release_id: i64, position: &mut i32, credit: Credit<'_>) {
        *position += 1;
        match (&credit.role, &credit.name) {
            (Some(role), Some(name)) => {
                self.joined.credits.push("; ", role);
                self.joined.credits.add(": ");
                self.joined.credits.add(name);
            }
            (Some(either), None) | (None, Some(either)) => self.joined.credits.push("; ", either),
            (None, None) => {}
        }
        self.tables.extra_credits.push(ExtraCreditRow {
            release_id,
            position: *position,
            artist_id: credit.artist_id,
            name: credit.name.as_deref(),
            anv: credit.anv.as_deref(),
            role: credit.role.as_deref(),
            tracks: credit.tracks.as_deref(),
        });
    }

    fn push_genre(&mut self, release_id: i64, position: &mut i32, genre: &str) {
        *position += 1;
        self.joined.genres.push(", ", genre);
        self.tables.genres.push(GenreRow { release_id, position: *position, genre });
    }

    fn push_style(&mut self, release_id: i64, position: &mut i32, style: &str) {
        *position += 1;
        self.joined.styles.push(", ", style);
        self.tables.styles.push(StyleRow { release_id, position: *position, style });
    }

    fn push_video(&mut self, release_id: i64, position: &mut i32, video: Video<'_>) {
        *position += 1;
        self.tables.videos.push(VideoRow {
            release_id,
            position: *position,
            src: video.src.as_deref(),
            title: video.title.as_deref(),
            description: video.description.as_deref(),
            duration_seconds: video.duration_seconds,
            embed: video.embed,
        });
    }

    fn read_labels<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("label", |cursor| {
            let label = NumberedName::read(cursor)?;
            if !label.is_empty() {
                *position += 1;
                self.joined.labels.push_option(", ", &label.name);
                self.joined.catnos.push_option(", ", &label.catno);
                self.tables.labels.push(LabelRow {
                    release_id,
                    position: *position,
                    label_id: cursor.id(&label.id),
                    name: label.name.as_deref(),
                    catno: label.catno.as_deref(),
                });
            }
            Ok(())
        })
    }

    fn read_series<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("series", |cursor| {
            let series = NumberedName::read(cursor)?;
            if !series.is_empty() {
                *position += 1;
                self.tables.series.push(SeriesRow {
                    release_id,
                    position: *position,
                    series_id: cursor.id(&series.id),
                    name: series.name.as_deref(),
                    catno: series.catno.as_deref(),
                });
            }
            Ok(())
        })
    }

    fn read_companies<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("company", |cursor| {
            let (mut id, mut name, mut catno, mut entity_type, mut entity_type_name) = (None, None, None, None, None);
            while let Some(element) = cursor.child()? {
                match element {
                    "id" => cursor.text_once(&mut id)?,
                    "name" => cursor.text_once(&mut name)?,
                    "catno" => cursor.text_once(&mut catno)?,
                    "entity_type" => cursor.text_once(&mut entity_type)?,
                    "entity_type_name" => cursor.text_once(&mut entity_type_name)?,
                    _ => cursor.unclaimed()?,
                }
            }
            if [&id, &name, &catno, &entity_type, &entity_type_name].iter().any(|text| text.is_some()) {
                *position += 1;
                self.tables.companies.push(CompanyRow {
                    release_id,
                    position: *position,
                    company_id: cursor.id(&id),
                    name: name.as_deref(),
                    catno: catno.as_deref(),
                    entity_type: entity_type.as_deref(),
                    entity_type_name: entity_type_name.as_deref(),
                });
            }
            Ok(())
        })
    }

    fn read_formats<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("format", |cursor| {
            let name = cursor.attribute("name");
            let quantity = cursor.attribute("qty");
            let text = cursor.attribute("text");
            let format_position = *position + 1;
            let mut descriptions = 0;
            while let Some(element) = cursor.child()? {
                match element {
                    "descriptions" => cursor.texts("description", |description| {
                        descriptions += 1;
                        self.joined.format_descriptions.push(", ", &description);
                        self.tables.format_descriptions.push(FormatDescriptionRow {
                            release_id,
                            format_position,
                            position: descriptions,
                            description: &description,
                        });
                    })?,
                    _ => cursor.unclaimed()?,
                }
            }
            if descriptions > 0 || [&name, &quantity, &text].iter().any(|text| text.is_some()) {
                *position += 1;
                self.joined.formats.push_option(", ", &name);
                self.joined.quantities.push_option(", ", &quantity);
                self.joined.format_texts.push_option(", ", &text);
                self.tables.formats.push(FormatRow {
                    release_id,
                    position: *position,
                    name: name.as_deref(),
                    qty: cursor.parsed(&quantity, value::integer, "quantities_too_large"),
                    qty_text: quantity.as_deref(),
                    text: text.as_deref(),
                });
            }
            Ok(())
        })
    }

    fn read_identifiers<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("identifier", |cursor| {
            let kind = cursor.attribute("type");
            let description = cursor.attribute("description");
            let attribute = cursor.attribute("value");
            let text = cursor.text()?;
            if attribute.is_some() {
                cursor.unclaimed_value("identifier/text()", &text);
            }
            let value = attribute.or(text);
            if [&kind, &description, &value].iter().any(|text| text.is_some()) {
                *position += 1;
                self.join_identifier(kind.as_deref(), description.as_deref(), value.as_deref());
                self.tables.identifiers.push(IdentifierRow {
                    release_id,
                    position: *position,
                    r#type: kind.as_deref(),
                    description: description.as_deref(),
                    value: value.as_deref(),
                });
            }
            Ok(())
        })
    }

    /// Joins an identifier as `type [description] : value`, without the missing parts.
    fn join_identifier(&mut self, kind: Option<&str>, description: Option<&str>, value: Option<&str>) {
        let list = &mut self.joined.identifiers;
        list.start("; ");
        let mut space = "";
        if let Some(kind) = kind {
            list.add(kind);
            space = " ";
        }
        if let Some(description) = description {
            list.add(space);
            list.add("[");
            list.add(description);
            list.add("]");
            space = " ";
        }
        if let Some(value) = value {
            list.add(space);
            list.add(": ");
            list.add(value);
        }
    }
}

/// The three attributes of a label or series of a release. `catno` is the catalogue number.
struct NumberedName<'b> {
    id: Option<Cow<'b, str>>,
    name: Option<Cow<'b, str>>,
    catno: Option<Cow<'b, str>>,
}

impl<'b> NumberedName<'b> {
    fn read<T: Tokens<'b>>(cursor: &mut Cursor<'b, '_, T>) -> Result<Self, Malformed> {
        let read = NumberedName {
            id: cursor.attribute("id"),
            name: cursor.attribute("name"),
            catno: cursor.attribute("catno"),
        };
        cursor.nothing_inside()?;
        Ok(read)
    }

    fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none() && self.catno.is_none()
    }
}
