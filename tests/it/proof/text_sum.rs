//! Every text and attribute value of the real dumps, counted: each has to stand in a cell, and each cell to come from
//! one. It says nothing about order or about rows; that is compared in `real.rs`. But it needs no reader of records,
//! only the list of places below, so a value that both readers overlook is found here.

use std::collections::{BTreeMap, BTreeSet};

use super::Entity;
use super::dom::{self, Element};
use super::dumps;
use super::lake::Lake;
use crate::support::{Table, Value, sample_dumps};

#[test]
fn every_value_of_the_artists_is_in_a_cell() {
    compare(Entity::Artists);
}

#[test]
fn every_value_of_the_labels_is_in_a_cell() {
    compare(Entity::Labels);
}

#[test]
fn every_value_of_the_masters_is_in_a_cell() {
    compare(Entity::Masters);
}

#[test]
fn every_value_of_the_releases_is_in_a_cell() {
    compare(Entity::Releases);
}

/// A table, and the columns that together hold what is counted together.
type Place = (&'static str, &'static [&'static str]);

#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Text,
    Number,
    /// As a number, but 0 says that there is none.
    Link,
}

const NOWHERE: &[&str] =
    &["artist/images", "label/images", "master/images", "release/images", "release/companies/company/resource_url"];

const ARTISTS: &[(&str, Place, Kept)] = &[
    ("artist/id", ("artists_v1_typed", &["artist_id"]), Kept::Number),
    ("artist/name", ("artists_v1_typed", &["name"]), Kept::Text),
    ("artist/realname", ("artists_v1_typed", &["realname"]), Kept::Text),
    ("artist/profile", ("artists_v1_typed", &["profile"]), Kept::Text),
    ("artist/data_quality", ("artists_v1_typed", &["data_quality"]), Kept::Text),
    ("artist/urls/url", ("artist_urls_v1", &["url"]), Kept::Text),
    ("artist/namevariations/name", ("artist_name_variations_v1", &["name"]), Kept::Text),
    ("artist/aliases/name", ("artist_aliases_v1_typed", &["alias_name"]), Kept::Text),
    ("artist/aliases/name@id", ("artist_aliases_v1_typed", &["alias_id"]), Kept::Number),
];

/// These stand two ways and are repeated in their rows, so `Found::take_memberships` says where they go.
const MEMBERSHIPS: &[&str] = &["artist/members", "artist/groups"];
const MEMBERSHIP_NAMES: Place = ("artist_memberships_v1_typed", &["group_name", "member_name"]);
const MEMBERS: (Place, Place) = (("artist_members_v1", &["member_id"]), ("artist_members_v1", &["name"]));
const GROUPS: (Place, Place) = (("artist_groups_v1", &["group_id"]), ("artist_groups_v1", &["name"]));
const MEMBERSHIP_IDS: Place = ("artist_memberships_v1_typed", &["group_id", "member_id"]);

const LABELS: &[(&str, Place, Kept)] = &[
    ("label/id", ("labels_v10", &["label_id"]), Kept::Number),
    ("label/name", ("labels_v10", &["name"]), Kept::Text),
    ("label/profile", ("labels_v10", &["profile"]), Kept::Text),
    ("label/contactinfo", ("labels_v10", &["contact_info"]), Kept::Text),
    ("label/data_quality", ("labels_v10", &["data_quality"]), Kept::Text),
    ("label/parentLabel", ("labels_v10", &["parent_label_name"]), Kept::Text),
    ("label/parentLabel@id", ("labels_v10", &["parent_label_id"]), Kept::Number),
    ("label/urls/url", ("label_urls_v1", &["url"]), Kept::Text),
    ("label/sublabels/label", ("label_sublabels_v1", &["sublabel_name"]), Kept::Text),
    ("label/sublabels/label@id", ("label_sublabels_v1", &["sublabel_id"]), Kept::Number),
];

const MASTERS: &[(&str, Place, Kept)] = &[
    ("master@id", ("masters_v1_typed", &["master_id"]), Kept::Number),
    ("master/main_release", ("masters_v1_typed", &["main_release_id"]), Kept::Number),
    ("master/title", ("masters_v1_typed", &["title"]), Kept::Text),
    ("master/year", ("masters_v1_typed", &["year"]), Kept::Number),
    ("master/data_quality", ("masters_v1_typed", &["data_quality"]), Kept::Text),
    ("master/notes", ("masters_v1_typed", &["notes"]), Kept::Text),
    ("master/genres/genre", ("master_genres_v1", &["genre"]), Kept::Text),
    ("master/styles/style", ("master_styles_v1", &["style"]), Kept::Text),
];

const RELEASES: &[(&str, Place, Kept)] = &[
    ("release@id", ("releases_v6", &["release_id"]), Kept::Number),
    ("release@status", ("releases_v6", &["status"]), Kept::Text),
    ("release/title", ("releases_v6", &["title"]), Kept::Text),
    ("release/country", ("releases_v6", &["country"]), Kept::Text),
    ("release/released", ("releases_v6", &["released"]), Kept::Text),
    ("release/notes", ("releases_v6", &["notes"]), Kept::Text),
    ("release/data_quality", ("releases_v6", &["data_quality"]), Kept::Text),
    ("release/master_id", ("releases_v6", &["master_id"]), Kept::Number),
    ("release/master_id@is_main_release", ("releases_v6", &["is_main_release"]), Kept::Text),
    ("release/labels/label@id", ("release_labels_v1", &["label_id"]), Kept::Number),
    ("release/labels/label@name", ("release_labels_v1", &["name"]), Kept::Text),
    ("release/labels/label@catno", ("release_labels_v1", &["catno"]), Kept::Text),
    ("release/series/series@id", ("release_series_v1", &["series_id"]), Kept::Number),
    ("release/series/series@name", ("release_series_v1", &["name"]), Kept::Text),
    ("release/series/series@catno", ("release_series_v1", &["catno"]), Kept::Text),
    ("release/companies/company/id", ("release_companies_v1", &["company_id"]), Kept::Number),
    ("release/companies/company/name", ("release_companies_v1", &["name"]), Kept::Text),
    ("release/companies/company/catno", ("release_companies_v1", &["catno"]), Kept::Text),
    ("release/companies/company/entity_type", ("release_companies_v1", &["entity_type"]), Kept::Text),
    ("release/companies/company/entity_type_name", ("release_companies_v1", &["entity_type_name"]), Kept::Text),
    ("release/formats/format@name", ("release_formats_v1", &["name"]), Kept::Text),
    ("release/formats/format@qty", ("release_formats_v1", &["qty_text"]), Kept::Text),
    ("release/formats/format@text", ("release_formats_v1", &["text"]), Kept::Text),
    (
        "release/formats/format/descriptions/description",
        ("release_format_descriptions_v1", &["description"]),
        Kept::Text,
    ),
    ("release/genres/genre", ("release_genres_v1", &["genre"]), Kept::Text),
    ("release/styles/style", ("release_styles_v1", &["style"]), Kept::Text),
    ("release/identifiers/identifier@type", ("release_identifiers_v1", &["type"]), Kept::Text),
    ("release/identifiers/identifier@description", ("release_identifiers_v1", &["description"]), Kept::Text),
    ("release/identifiers/identifier@value", ("release_identifiers_v1", &["value"]), Kept::Text),
];

/// Where lists of the same elements go to.
const ARTIST_LISTS: &[(&str, &str)] = &[
    ("master/artists/artist", "master_artists_v1"),
    ("release/artists/artist", "release_artist_credits_v1"),
    ("release/tracklist/track/artists/artist", "release_track_artists_v1"),
    ("release/tracklist/track/sub_tracks/track/artists/artist", "release_track_artists_v1"),
];
const CREDIT_LISTS: &[(&str, &str)] = &[
    ("release/extraartists/artist", "release_extra_credits_v1"),
    ("release/tracklist/track/extraartists/artist", "release_track_credits_v1"),
    ("release/tracklist/track/sub_tracks/track/extraartists/artist", "release_track_credits_v1"),
];
const TRACK_LISTS: &[(&str, &str)] = &[
    ("release/tracklist/track", "release_tracks_v1"),
    ("release/tracklist/track/sub_tracks/track", "release_tracks_v1"),
];
const VIDEO_LISTS: &[(&str, &str)] =
    &[("master/videos/video", "master_videos_v1"), ("release/videos/video", "release_videos_v1")];

type Columns = &'static [(&'static str, &'static [&'static str], Kept)];

const ARTIST_COLUMNS: Columns = &[
    ("/id", &["artist_id"], Kept::Link),
    ("/name", &["name"], Kept::Text),
    ("/anv", &["anv"], Kept::Text),
    ("/join", &["join_phrase"], Kept::Text),
];
const CREDIT_COLUMNS: Columns = &[
    ("/id", &["artist_id"], Kept::Link),
    ("/name", &["name"], Kept::Text),
    ("/anv", &["anv"], Kept::Text),
    ("/role", &["role"], Kept::Text),
    ("/tracks", &["tracks"], Kept::Text),
];
const TRACK_COLUMNS: Columns = &[
    ("/position", &["position"], Kept::Text),
    ("/title", &["title"], Kept::Text),
    ("/duration", &["duration"], Kept::Text),
];
const VIDEO_COLUMNS: Columns = &[
    ("@src", &["src"], Kept::Text),
    ("@duration", &["duration_seconds"], Kept::Number),
    ("@embed", &["embed"], Kept::Text),
    ("/title", &["title"], Kept::Text),
    ("/description", &["description"], Kept::Text),
];

/// Where the value of each path goes to.
fn places(entity: Entity) -> BTreeMap<String, (Place, Kept)> {
    let own = match entity {
        Entity::Artists => ARTISTS,
        Entity::Labels => LABELS,
        Entity::Masters => MASTERS,
        Entity::Releases => RELEASES,
    };
    let mut places: BTreeMap<_, _> =
        own.iter().map(|(path, place, kept)| ((*path).to_owned(), (*place, *kept))).collect();
    for (lists, columns) in [
        (ARTIST_LISTS, ARTIST_COLUMNS),
        (CREDIT_LISTS, CREDIT_COLUMNS),
        (TRACK_LISTS, TRACK_COLUMNS),
        (VIDEO_LISTS, VIDEO_COLUMNS),
    ] {
        for (list, table) in lists.iter().filter(|(list, _)| list.starts_with(&format!("{}/", entity.record()))) {
            for (value, column, kept) in columns {
                places.insert(format!("{list}{value}"), ((*table, *column), *kept));
            }
        }
    }
    places
}

fn compare(entity: Entity) {
    let Some(folder) = sample_dumps() else { return };
    for month in dumps::MONTHS {
        let dump = dumps::dump(&folder.join(month), entity);
        let mut found = Found { places: places(entity), values: BTreeMap::new(), memberships_incomplete: 0 };
        for record in dom::parse(&dumps::text(&dump)).named(entity.record()) {
            found.take(record, entity.record());
            if entity == Entity::Artists {
                found.take_memberships(record);
            }
        }
        let lake = Lake::new();
        let tables = lake.ingest(entity, &dump);
        // What is left out of the memberships is counted.
        assert_eq!(lake.counted(&tables[0].name, "memberships_incomplete"), found.memberships_incomplete);
        found.compare(&tables, &dump.display().to_string());
    }
}

struct Found {
    places: BTreeMap<String, (Place, Kept)>,
    values: BTreeMap<Place, Vec<String>>,
    memberships_incomplete: u64,
}

impl Found {
    fn take(&mut self, element: &Element, path: &str) {
        if NOWHERE.contains(&path) || MEMBERSHIPS.contains(&path) {
            return;
        }
        for (name, value) in element.attributes() {
            self.take_value(&format!("{path}@{name}"), value);
        }
        if let Some(text) = element.text() {
            self.take_value(path, text);
        }
        for child in element.children() {
            self.take(child, &format!("{path}/{}", child.name));
        }
    }

    fn take_value(&mut self, path: &str, value: &str) {
        let (place, kept) = *self.places.get(path).unwrap_or_else(|| panic!("no table takes {path}: {value:?}"));
        match kept {
            Kept::Link if value == "0" => {}
            Kept::Text => self.add(place, value.to_owned()),
            // Written as a cell is, which has no leading zeros. One that is no number is in no cell, and found missing.
            Kept::Number | Kept::Link => {
                self.add(place, value.parse::<i64>().map_or(value.to_owned(), |number| number.to_string()));
            }
        }
    }

    fn add(&mut self, place: Place, value: String) {
        self.values.entry(place).or_default().push(value);
    }

    /// The id of an entry is an attribute of its name, or stood before it before 2018, or both until 2024. A row repeats
    /// the artist's own id and name. An entry without an id, as those of `groups` were before 2018, is a row of the table of
    /// groups alone.
    fn take_memberships(&mut self, artist: &Element) {
        let own_id = artist.child_text("id").unwrap_or_default();
        for list in artist.children().filter(|list| MEMBERSHIPS.contains(&format!("artist/{}", list.name).as_str())) {
            let mut id_before = None;
            for child in list.children() {
                if child.name == "id" {
                    assert_eq!(id_before, None, "an id without a name in artist {own_id}");
                    id_before = child.text();
                    continue;
                }
                assert_eq!(child.name, "name", "in artist {own_id}");
                let ids = (child.attribute("id"), id_before.take());
                if let (Some(one), Some(other)) = ids {
                    assert_eq!(one, other, "two ids of a name in artist {own_id}");
                }
                let table = if list.name == "members" { MEMBERS } else { GROUPS };
                if let Some(id) = ids.0.or(ids.1) {
                    self.add(table.0, id.to_owned());
                }
                if let Some(name) = child.text() {
                    self.add(table.1, name.to_owned());
                }
                match (ids.0.or(ids.1), child.text(), artist.child_text("name")) {
                    (Some(id), Some(name), Some(own_name)) => {
                        self.add(MEMBERSHIP_IDS, own_id.to_owned());
                        self.add(MEMBERSHIP_IDS, id.to_owned());
                        self.add(MEMBERSHIP_NAMES, own_name.to_owned());
                        self.add(MEMBERSHIP_NAMES, name.to_owned());
                    }
                    _ => self.memberships_incomplete += 1,
                }
            }
            assert_eq!(id_before, None, "an id without a name in artist {own_id}");
        }
    }

    fn compare(mut self, tables: &[Table], dump: &str) {
        // Several paths may lead to one place.
        let places = self.places.values().map(|(place, _)| *place).chain(self.values.keys().copied());
        let places: BTreeSet<Place> = places.collect();
        let mut counted = 0;
        for place in places {
            let mut values = self.values.remove(&place).unwrap_or_default();
            counted += values.len();
            let table = tables.iter().find(|table| table.name == place.0).unwrap();
            let cells = place.1.iter().flat_map(|column| table.column(column));
            let mut cells: Vec<String> = cells.filter_map(written).collect();
            values.sort();
            cells.sort();
            if values != cells {
                let lost = without(&values, &cells);
                let invented = without(&cells, &values);
                panic!("{dump}: {}.{}\n  lost {lost:?}\n  invented {invented:?}", place.0, place.1.join("+"));
            }
        }
        assert!(counted > 0, "{dump} holds nothing");
    }
}

fn written(cell: &Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::Int(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
    }
}

/// The first of those that are in one list more often than in the other. Both are sorted.
fn without(one: &[String], other: &[String]) -> Vec<String> {
    let mut other = other.iter().peekable();
    let mut rest = Vec::new();
    for value in one {
        while other.next_if(|known| *known < value).is_some() {}
        if other.next_if(|known| *known == value).is_none() {
            rest.push(value.clone());
        }
    }
    rest.truncate(5);
    rest
}
