use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::credit::Credit;
use super::cursor::{Cursor, Fault};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::tracks::{TrackList, TrackTables};
use super::value;
use super::video::Video;
use crate::dump::Entity;
use crate::parquet::{TableRows, rows};

rows! {
    ReleaseRows "releases_v6" {
        release_id: Bigint, master_id: Bigint, title: Varchar, artists: Varchar, labels: Varchar,
        label_catnos: Varchar, country: Varchar, formats: Varchar, genres: Varchar, styles: Varchar,
        credits_flat: Varchar, status: Varchar, released: Varchar, data_quality: Varchar, format_qtys: Varchar,
        format_texts: Varchar, format_descriptions: Varchar, identifiers_flat: Varchar, notes: Varchar,
        is_main_release: Boolean, released_year: Integer,
    }
    ArtistCreditRows "release_artist_credits_v1" {
        release_id: Bigint, position: Integer, artist_id: Bigint, name: Varchar, anv: Varchar, join_phrase: Varchar,
    }
    ExtraCreditRows "release_extra_credits_v1" {
        release_id: Bigint, position: Integer, artist_id: Bigint, name: Varchar, anv: Varchar, role: Varchar,
        tracks: Varchar,
    }
    LabelRows "release_labels_v1" {
        release_id: Bigint, position: Integer, label_id: Bigint, name: Varchar, catno: Varchar,
    }
    SeriesRows "release_series_v1" {
        release_id: Bigint, position: Integer, series_id: Bigint, name: Varchar, catno: Varchar,
    }
    CompanyRows "release_companies_v1" {
        release_id: Bigint, position: Integer, company_id: Bigint, name: Varchar, catno: Varchar,
        entity_type: Varchar, entity_type_name: Varchar,
    }
    FormatRows "release_formats_v1" {
        release_id: Bigint, position: Integer, name: Varchar, qty: Bigint, qty_text: Varchar, text: Varchar,
    }
    FormatDescriptionRows "release_format_descriptions_v1" {
        release_id: Bigint, format_position: Integer, position: Integer, description: Varchar,
    }
    GenreRows "release_genres_v1" { release_id: Bigint, position: Integer, genre: Varchar }
    StyleRows "release_styles_v1" { release_id: Bigint, position: Integer, style: Varchar }
    IdentifierRows "release_identifiers_v1" {
        release_id: Bigint, position: Integer, r#type: Varchar, description: Varchar, value: Varchar,
    }
    VideoRows "release_videos_v1" {
        release_id: Bigint, position: Integer, src: Varchar, title: Varchar, description: Varchar,
        duration_seconds: Integer, embed: Boolean,
    }
}

/// `releases/release`.
#[derive(Default)]
pub struct Releases {
    releases: ReleaseRows,
    artist_credits: ArtistCreditRows,
    extra_credits: ExtraCreditRows,
    labels: LabelRows,
    series: SeriesRows,
    companies: CompanyRows,
    formats: FormatRows,
    format_descriptions: FormatDescriptionRows,
    genres: GenreRows,
    styles: StyleRows,
    identifiers: IdentifierRows,
    videos: VideoRows,
    tracks: TrackTables,
    joined: JoinedLists,
}

/// The lists of the release being read, as `releases_v6` has them.
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

/// How many rows of each list a release has so far.
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

/// The elements of a release that stand once.
#[derive(Default)]
struct Fields<'b> {
    title: Option<Cow<'b, str>>,
    country: Option<Cow<'b, str>>,
    released: Option<Cow<'b, str>>,
    notes: Option<Cow<'b, str>>,
    data_quality: Option<Cow<'b, str>>,
    status: Option<Cow<'b, str>>,
    /// `is_main_release` and the id.
    master: (Option<Cow<'b, str>>, Option<Cow<'b, str>>),
}

impl Records for Releases {
    const ENTITY: Entity = Entity::Releases;

    fn declarations() -> Vec<TableRows> {
        let mut declarations = vec![
            ReleaseRows::declaration(),
            ArtistCreditRows::declaration(),
            ExtraCreditRows::declaration(),
            LabelRows::declaration(),
            SeriesRows::declaration(),
            CompanyRows::declaration(),
            FormatRows::declaration(),
            FormatDescriptionRows::declaration(),
            GenreRows::declaration(),
            StyleRows::declaration(),
            IdentifierRows::declaration(),
            VideoRows::declaration(),
        ];
        declarations.extend(TrackTables::declarations());
        declarations
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, Fault> {
        let id = cursor.attribute("id");
        let release_id = id.as_deref().and_then(value::integer).ok_or(Fault::NoKey)?;
        let mut fields = Fields { status: cursor.attribute("status"), ..Fields::default() };
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
        self.tracks.push(release_id, tracks);
        self.push_release(cursor, release_id, fields);
        Ok(release_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        let mut batches = vec![
            self.releases.finish(&schemas[0])?,
            self.artist_credits.finish(&schemas[1])?,
            self.extra_credits.finish(&schemas[2])?,
            self.labels.finish(&schemas[3])?,
            self.series.finish(&schemas[4])?,
            self.companies.finish(&schemas[5])?,
            self.formats.finish(&schemas[6])?,
            self.format_descriptions.finish(&schemas[7])?,
            self.genres.finish(&schemas[8])?,
            self.styles.finish(&schemas[9])?,
            self.identifiers.finish(&schemas[10])?,
            self.videos.finish(&schemas[11])?,
        ];
        batches.extend(self.tracks.finish(&schemas[12..])?);
        Ok(batches)
    }
}

impl Releases {
    fn push_release<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>, release_id: i64, fields: Fields<'b>) {
        let (rows, joined) = (&mut self.releases, &mut self.joined);
        rows.release_id.append_value(release_id);
        rows.master_id.append_option(cursor.id(&fields.master.1));
        rows.title.append_option(fields.title);
        joined.artists.append_to(&mut rows.artists);
        joined.labels.append_to(&mut rows.labels);
        joined.catnos.append_to(&mut rows.label_catnos);
        rows.country.append_option(fields.country);
        joined.formats.append_to(&mut rows.formats);
        joined.genres.append_to(&mut rows.genres);
        joined.styles.append_to(&mut rows.styles);
        joined.credits.append_to(&mut rows.credits_flat);
        rows.status.append_option(fields.status);
        rows.released_year.append_option(fields.released.as_deref().and_then(value::released_year));
        rows.released.append_option(fields.released);
        rows.data_quality.append_option(fields.data_quality);
        joined.quantities.append_to(&mut rows.format_qtys);
        joined.format_texts.append_to(&mut rows.format_texts);
        joined.format_descriptions.append_to(&mut rows.format_descriptions);
        joined.identifiers.append_to(&mut rows.identifiers_flat);
        rows.notes.append_option(fields.notes);
        rows.is_main_release.append_option(cursor.parsed(&fields.master.0, value::flag, "flags_not_boolean"));
    }

    fn push_artist(&mut self, release_id: i64, position: &mut i32, credit: Credit<'_>) {
        *position += 1;
        self.joined.artists.push_option(", ", &credit.name);
        let rows = &mut self.artist_credits;
        rows.release_id.append_value(release_id);
        rows.position.append_value(*position);
        rows.artist_id.append_option(credit.artist_id);
        rows.name.append_option(credit.name);
        rows.anv.append_option(credit.anv);
        rows.join_phrase.append_option(credit.join);
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
        let rows = &mut self.extra_credits;
        rows.release_id.append_value(release_id);
        rows.position.append_value(*position);
        rows.artist_id.append_option(credit.artist_id);
        rows.name.append_option(credit.name);
        rows.anv.append_option(credit.anv);
        rows.role.append_option(credit.role);
        rows.tracks.append_option(credit.tracks);
    }

    fn push_genre(&mut self, release_id: i64, position: &mut i32, genre: &str) {
        *position += 1;
        self.joined.genres.push(", ", genre);
        self.genres.release_id.append_value(release_id);
        self.genres.position.append_value(*position);
        self.genres.genre.append_value(genre);
    }

    fn push_style(&mut self, release_id: i64, position: &mut i32, style: &str) {
        *position += 1;
        self.joined.styles.push(", ", style);
        self.styles.release_id.append_value(release_id);
        self.styles.position.append_value(*position);
        self.styles.style.append_value(style);
    }

    fn push_video(&mut self, release_id: i64, position: &mut i32, video: Video<'_>) {
        *position += 1;
        let rows = &mut self.videos;
        rows.release_id.append_value(release_id);
        rows.position.append_value(*position);
        rows.src.append_option(video.src);
        rows.title.append_option(video.title);
        rows.description.append_option(video.description);
        rows.duration_seconds.append_option(video.duration_seconds);
        rows.embed.append_option(video.embed);
    }

    fn read_labels<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        release_id: i64,
        position: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("label", |cursor| {
            let label = Imprint::read(cursor)?;
            if !label.is_empty() {
                *position += 1;
                self.joined.labels.push_option(", ", &label.name);
                self.joined.catnos.push_option(", ", &label.catno);
                self.labels.release_id.append_value(release_id);
                self.labels.position.append_value(*position);
                self.labels.label_id.append_option(cursor.id(&label.id));
                self.labels.name.append_option(label.name);
                self.labels.catno.append_option(label.catno);
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
            let series = Imprint::read(cursor)?;
            if !series.is_empty() {
                *position += 1;
                self.series.release_id.append_value(release_id);
                self.series.position.append_value(*position);
                self.series.series_id.append_option(cursor.id(&series.id));
                self.series.name.append_option(series.name);
                self.series.catno.append_option(series.catno);
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
                let rows = &mut self.companies;
                rows.release_id.append_value(release_id);
                rows.position.append_value(*position);
                rows.company_id.append_option(cursor.id(&id));
                rows.name.append_option(name);
                rows.catno.append_option(catno);
                rows.entity_type.append_option(entity_type);
                rows.entity_type_name.append_option(entity_type_name);
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
                        self.format_descriptions.release_id.append_value(release_id);
                        self.format_descriptions.format_position.append_value(format_position);
                        self.format_descriptions.position.append_value(descriptions);
                        self.format_descriptions.description.append_value(description);
                    })?,
                    _ => cursor.unclaimed()?,
                }
            }
            if descriptions > 0 || [&name, &quantity, &text].iter().any(|text| text.is_some()) {
                *position += 1;
                self.joined.formats.push_option(", ", &name);
                self.joined.quantities.push_option(", ", &quantity);
                self.joined.format_texts.push_option(", ", &text);
                let rows = &mut self.formats;
                rows.release_id.append_value(release_id);
                rows.position.append_value(*position);
                rows.name.append_option(name);
                rows.qty.append_option(cursor.parsed(&quantity, value::integer, "quantities_too_large"));
                rows.qty_text.append_option(quantity);
                rows.text.append_option(text);
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
                let rows = &mut self.identifiers;
                rows.release_id.append_value(release_id);
                rows.position.append_value(*position);
                rows.r#type.append_option(kind);
                rows.description.append_option(description);
                rows.value.append_option(value);
            }
            Ok(())
        })
    }

    /// `type [description] : value`, without the pieces that are not there.
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

/// A label or series of a release: three attributes.
struct Imprint<'b> {
    id: Option<Cow<'b, str>>,
    name: Option<Cow<'b, str>>,
    catno: Option<Cow<'b, str>>,
}

impl<'b> Imprint<'b> {
    fn read<T: Tokens<'b>>(cursor: &mut Cursor<'b, '_, T>) -> Result<Self, Malformed> {
        let imprint =
            Imprint { id: cursor.attribute("id"), name: cursor.attribute("name"), catno: cursor.attribute("catno") };
        cursor.nothing_inside()?;
        Ok(imprint)
    }

    fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none() && self.catno.is_none()
    }
}
