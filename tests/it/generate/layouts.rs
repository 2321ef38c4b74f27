use std::collections::BTreeSet;

use super::parsed::{Parsed, text};
use super::{Month, usual};

/// Every element and attribute of `docs/dumps.md`, without the images, in the order listed there.
const ARTISTS: &str = "artist artist/id artist/name artist/realname artist/profile artist/data_quality artist/urls/url \
    artist/namevariations/name artist/aliases/name@id artist/members/name@id artist/groups/name@id";

const LABELS: &str = "label label/id label/name label/contactinfo label/profile label/data_quality label/parentLabel@id \
    label/urls/url label/sublabels/label@id label/sublabels/label";

const MASTERS: &str = "master@id master/main_release master/artists/artist/id master/artists/artist/name \
    master/artists/artist/anv master/artists/artist/join master/genres/genre master/styles/style master/year \
    master/title master/notes master/data_quality master/videos/video@src master/videos/video@duration \
    master/videos/video@embed master/videos/video/title master/videos/video/description";

const RELEASES: &str = "release@id release@status release/artists/artist/id release/artists/artist/name \
    release/artists/artist/anv release/artists/artist/join release/title release/labels/label@name \
    release/labels/label@catno release/labels/label@id release/series/series@name release/series/series@catno \
    release/series/series@id release/extraartists/artist/id release/extraartists/artist/name \
    release/extraartists/artist/anv release/extraartists/artist/role release/extraartists/artist/tracks \
    release/formats/format@name release/formats/format@qty release/formats/format@text \
    release/formats/format/descriptions/description release/genres/genre release/styles/style release/country \
    release/released release/notes release/data_quality release/master_id release/master_id@is_main_release \
    release/tracklist/track/position release/tracklist/track/title release/tracklist/track/duration \
    release/tracklist/track/artists/artist/id release/tracklist/track/artists/artist/name \
    release/tracklist/track/artists/artist/anv release/tracklist/track/artists/artist/join \
    release/tracklist/track/extraartists/artist/id release/tracklist/track/extraartists/artist/name \
    release/tracklist/track/extraartists/artist/anv release/tracklist/track/extraartists/artist/role \
    release/tracklist/track/sub_tracks/track/position release/tracklist/track/sub_tracks/track/title \
    release/tracklist/track/sub_tracks/track/duration release/tracklist/track/sub_tracks/track/artists/artist/name \
    release/tracklist/track/sub_tracks/track/extraartists/artist/name release/identifiers/identifier@type \
    release/identifiers/identifier@description release/identifiers/identifier@value release/videos/video@src \
    release/videos/video@duration release/videos/video@embed release/videos/video/title \
    release/videos/video/description release/companies/company/id release/companies/company/name \
    release/companies/company/catno release/companies/company/entity_type \
    release/companies/company/entity_type_name release/companies/company/resource_url";

#[test]
fn every_element_and_attribute_of_the_real_dumps_occurs() {
    for (entity, paths) in [("artists", ARTISTS), ("labels", LABELS), ("masters", MASTERS), ("releases", RELEASES)] {
        let parsed = Parsed::of(&usual().dump(entity));
        let missing: Vec<&str> = paths.split_whitespace().filter(|path| !parsed.has(path)).collect();
        assert!(missing.is_empty(), "{entity}: {missing:?}");
    }
}

#[test]
fn today_empty_elements_images_and_ids_beside_members_are_gone() {
    for entity in ["artists", "labels", "masters", "releases"] {
        let text = text(&usual().dump(entity));
        assert!(!text.contains("<image"), "{entity}");
        assert!(!text.contains("<?xml"), "{entity}");
        assert!(
            text.starts_with(&format!("<{entity}>\n<")) && text.ends_with(&format!(">\n</{entity}>\n")),
            "{entity}"
        );
        let parsed = Parsed::of_text(&text);
        for path in ["anv", "join", "role", "tracks", "position", "duration", "profile"] {
            let empty = parsed.values.iter().filter(|(key, _)| key.ends_with(&format!("/{path}")));
            assert!(empty.flat_map(|(_, values)| values).all(|value| !value.is_empty()), "{entity} {path}");
        }
    }
    assert!(!Parsed::of(&usual().dump("artists")).has("artist/members/id"));
}

#[test]
fn status_went_in_2026() {
    let month = Month::new(&["--dump-month", "2026-08", "--releases", "200", "--entities", "releases"]);
    assert!(!Parsed::of(&month.dump("releases")).has("release@status"));
}

#[test]
fn in_2020_there_were_images_and_empty_elements() {
    let month = Month::new(&["--dump-month", "2020-08", "--dump-day", "6", "--releases", "600", "--layout", "2020"]);
    let releases = text(&month.dump("releases"));
    assert!(releases.contains("<anv></anv><join></join>") && releases.contains("<companies></companies>"));
    let parsed = Parsed::of_text(&releases);
    assert!(!parsed.has("release/series"));
    assert!(parsed.all("release/extraartists/artist/id").iter().any(|id| id == "0"));
    assert_eq!(parsed.count("release/extraartists/artist/id"), parsed.count("release/extraartists/artist"));
    for (entity, record) in [("artists", "artist"), ("labels", "label"), ("masters", "master"), ("releases", "release")]
    {
        let parsed = Parsed::of(&month.dump(entity));
        for attribute in ["type", "uri", "uri150", "width", "height"] {
            assert!(parsed.has(&format!("{record}/images/image@{attribute}")), "{entity} {attribute}");
        }
    }
    let artists = text(&month.dump("artists"));
    let parsed = Parsed::of_text(&artists);
    assert_eq!(parsed.all("artist/members/id"), parsed.all("artist/members/name@id"));
    assert!(artists.contains("<members><id>") && parsed.count("artist/profile") == parsed.count("artist"));
}

#[test]
fn in_2017_names_had_no_ids() {
    let month = Month::new(&["--dump-month", "2017-04", "--releases", "600", "--layout", "2017"]);
    let artists = Parsed::of(&month.dump("artists"));
    assert!(artists.has("artist/aliases/name") && artists.has("artist/groups/name"));
    assert_eq!(artists.count("artist/members/id"), artists.count("artist/members/name"));
    assert!(!artists.values.keys().any(|path| path.ends_with("@id")));
    let labels = Parsed::of(&month.dump("labels"));
    assert!(labels.has("label/parentLabel") && labels.has("label/sublabels/label"));
    assert!(!labels.values.keys().any(|path| path.ends_with("@id")));
    let releases = Parsed::of(&month.dump("releases"));
    assert!(releases.has("release/labels/label@catno") && !releases.has("release/labels/label@id"));
    assert!(!releases.has("release/master_id@is_main_release"));
}

#[test]
fn the_layout_does_not_change_what_happened() {
    let of = |layout| Month::new(&["--dump-month", "2020-08", "--releases", "300", "--layout", layout]);
    let months = ["current", "2020", "2017"].map(of);
    let [now, before, long_ago] = months.each_ref().map(|month| Parsed::of(&month.dump("releases")));
    for path in ["release/title", "release/notes", "release/companies/company/name", "release/tracklist/track/position"]
    {
        let filled = |parsed: &Parsed| -> Vec<String> {
            parsed.all(path).iter().filter(|value| !value.is_empty()).cloned().collect()
        };
        assert_eq!(filled(&now), filled(&before), "{path}");
        assert_eq!(filled(&now), filled(&long_ago), "{path}");
    }
}

#[test]
fn what_no_table_takes_comes_only_when_asked_for() {
    let paths = |month: &Month, entity: &str| -> BTreeSet<String> {
        Parsed::of(&month.dump(entity)).values.into_keys().collect()
    };
    let arguments = ["--dump-month", "2026-08", "--releases", "600"];
    let [plain, future] = [Month::new(&arguments), Month::new(&[&arguments[..], &["--unknown-element"]].concat())];
    for (entity, record) in [("artists", "artist"), ("labels", "label"), ("masters", "master"), ("releases", "release")]
    {
        let new: Vec<String> = paths(&future, entity).difference(&paths(&plain, entity)).cloned().collect();
        assert_eq!(new, [format!("{record}/provenance"), format!("{record}@verified")], "{entity}");
        let count = Parsed::of(&future.dump(entity)).count(&format!("{record}/provenance"));
        assert!((1..10).contains(&count), "{entity}: {count}");
    }
}
