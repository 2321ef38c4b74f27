use super::numbers::{bigint, flag, number, released_year};
use super::parts::{Credit, any, numbered_names, videos};
use super::{Declared, Tables, joined, joined_texts, tracks};
use crate::proof::dom::Element;
use crate::support::{Row, Value};

pub const TABLES: Declared = &[
    (
        "releases_v6",
        "release_id master_id title artists labels label_catnos country formats genres styles credits_flat status \
         released data_quality format_qtys format_texts format_descriptions identifiers_flat notes is_main_release \
         released_year",
    ),
    ("release_artist_credits_v1", "release_id position artist_id name anv join_phrase"),
    ("release_extra_credits_v1", "release_id position artist_id name anv role tracks"),
    ("release_labels_v1", "release_id position label_id name catno"),
    ("release_series_v1", "release_id position series_id name catno"),
    ("release_companies_v1", "release_id position company_id name catno entity_type entity_type_name"),
    ("release_formats_v1", "release_id position name qty qty_text text"),
    ("release_format_descriptions_v1", "release_id format_position position description"),
    ("release_genres_v1", "release_id position genre"),
    ("release_styles_v1", "release_id position style"),
    ("release_identifiers_v1", "release_id position type description value"),
    ("release_videos_v1", "release_id position src title description duration_seconds embed"),
    ("release_tracks_v1", "release_id sequence parent_sequence position title duration duration_seconds"),
    ("release_track_artists_v1", "release_id track_sequence position artist_id name anv join_phrase"),
    ("release_track_credits_v1", "release_id track_sequence position artist_id name anv role tracks"),
];

pub fn read(release: &Element, tables: &mut Tables) {
    let Some(id) = release.attribute("id").and_then(number) else { return };
    let artists = Credit::artists(release);
    let extra_artists = Credit::extra_artists(release);
    let labels = numbered_names(release, "labels", "label");
    let formats = formats(release);
    let genres = release.texts("genres", "genre");
    let styles = release.texts("styles", "style");
    let identifiers = identifiers(release);

    let master = release.named("master_id").find(|master| any([master.text(), master.attribute("is_main_release")]));
    let flat_credit = |credit: &Credit| joined_pieces([credit.role, credit.name], ": ");
    let descriptions: Vec<_> = formats.iter().flat_map(|format| format.descriptions.iter().copied()).collect();
    let released = release.child_text("released");
    let row = vec![
        Value::Int(id),
        bigint(master.and_then(Element::text)),
        Value::text(release.child_text("title")),
        joined(artists.iter().map(|artist| artist.name), ", "),
        joined(labels.iter().map(|(_, name, _)| *name), ", "),
        joined(labels.iter().map(|(_, _, catno)| *catno), ", "),
        Value::text(release.child_text("country")),
        joined(formats.iter().map(|format| format.name), ", "),
        joined_texts(&genres),
        joined_texts(&styles),
        joined_pieces(extra_artists.iter().map(flat_credit).collect::<Vec<_>>().iter().map(Option::as_deref), "; ")
            .map_or(Value::Null, Value::Text),
        Value::text(release.attribute("status").or_else(|| release.child_text("status"))),
        Value::text(released),
        Value::text(release.child_text("data_quality")),
        joined(formats.iter().map(|format| format.qty), ", "),
        joined(formats.iter().map(|format| format.text), ", "),
        joined_texts(&descriptions),
        joined(identifiers.iter().map(|identifier| Some(identifier.flat.as_str())), "; "),
        Value::text(release.child_text("notes")),
        flag(master.and_then(|master| master.attribute("is_main_release"))),
        released_year(released),
    ];
    tables.add("releases_v6", row);

    tables.add_list("release_artist_credits_v1", id, artists.iter().map(Credit::artist_row));
    tables.add_list("release_extra_credits_v1", id, extra_artists.iter().map(Credit::extra_row));
    tables.add_list("release_labels_v1", id, labels.into_iter().map(|(row, ..)| row));
    let series = numbered_names(release, "series", "series");
    tables.add_list("release_series_v1", id, series.into_iter().map(|(row, ..)| row));
    tables.add_list("release_companies_v1", id, companies(release));
    tables.add_list("release_formats_v1", id, formats.iter().map(Format::row));
    for (format_position, format) in (1..).zip(&formats) {
        for (position, description) in (1..).zip(&format.descriptions) {
            let position = [id, format_position, position].map(Value::Int).to_vec();
            let row = [position, vec![Value::text(Some(*description))]].concat();
            tables.add("release_format_descriptions_v1", row);
        }
    }
    tables.add_texts("release_genres_v1", id, &genres);
    tables.add_texts("release_styles_v1", id, &styles);
    tables.add_list("release_identifiers_v1", id, identifiers.into_iter().map(|identifier| identifier.row));
    tables.add_list("release_videos_v1", id, videos(release));
    tracks::read(release, id, tables);
}

/// company_id, name, catno, entity_type, entity_type_name of each
fn companies(release: &Element) -> Vec<Row> {
    let row = |company: &Element| {
        let id = company.child_text("id");
        let texts = ["name", "catno", "entity_type", "entity_type_name"].map(|name| company.child_text(name));
        let row = [vec![bigint(id)], texts.into_iter().map(Value::text).collect()].concat();
        (id.is_some() || any(texts)).then_some(row)
    };
    release.entries("companies", "company").filter_map(row).collect()
}

struct Format<'e> {
    name: Option<&'e str>,
    qty: Option<&'e str>,
    text: Option<&'e str>,
    descriptions: Vec<&'e str>,
}

/// A format that has nothing but a description is a row too: the description's row refers to it.
fn formats(release: &Element) -> Vec<Format<'_>> {
    let format = |element| {
        let [name, qty, text] = ["name", "qty", "text"].map(|name| Element::attribute(element, name));
        Format { name, qty, text, descriptions: element.texts("descriptions", "description") }
    };
    let formats = release.entries("formats", "format").map(format);
    formats.filter(|format| any([format.name, format.qty, format.text]) || !format.descriptions.is_empty()).collect()
}

impl Format<'_> {
    /// name, qty, qty_text, text
    fn row(&self) -> Row {
        vec![Value::text(self.name), bigint(self.qty), Value::text(self.qty), Value::text(self.text)]
    }
}

struct Identifier {
    /// type, description, value
    row: Row,
    flat: String,
}

fn identifiers(release: &Element) -> Vec<Identifier> {
    let identifier = |element: &Element| {
        let kind = element.attribute("type");
        let description = element.attribute("description");
        let value = element.attribute("value").or_else(|| element.text());
        let bracketed = description.map(|description| format!("[{description}]"));
        let with_colon = value.map(|value| format!(": {value}"));
        let flat = joined_pieces([kind, bracketed.as_deref(), with_colon.as_deref()], " ")?;
        Some(Identifier { row: [kind, description, value].into_iter().map(Value::text).collect(), flat })
    };
    release.entries("identifiers", "identifier").filter_map(identifier).collect()
}

fn joined_pieces<'t>(pieces: impl IntoIterator<Item = Option<&'t str>>, separator: &str) -> Option<String> {
    let pieces: Vec<_> = pieces.into_iter().flatten().collect();
    (!pieces.is_empty()).then(|| pieces.join(separator))
}
