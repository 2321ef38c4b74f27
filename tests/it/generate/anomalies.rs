//! The known anomalies of the real dumps (`docs/dumps.md`), in a dump of 3000 releases.

use std::collections::{BTreeMap, BTreeSet};

use super::parsed::{Parsed, text};
use super::usual;

fn releases() -> Parsed {
    Parsed::of(&usual().dump("releases"))
}

/// id → name, from `<id>1</id><name>…</name>` as records and credits have them.
fn pairs<'a>(parsed: &'a Parsed, path: &str) -> Vec<(&'a str, &'a str)> {
    let names = parsed.all(&format!("{path}/name"));
    parsed.all(&format!("{path}/id")).iter().zip(names).map(|(id, name)| (id.as_str(), name.as_str())).collect()
}

/// Returns the number of releases whose list has an item twice.
fn releases_that_repeat(text: &str, list: &str, item: &str) -> usize {
    let (open, close, start) = (format!("<{list}>"), format!("</{list}>"), format!("<{item}"));
    let lists = text.split(open.as_str()).skip(1).filter_map(|rest| rest.split(close.as_str()).next());
    lists
        .filter(|items| {
            let items: Vec<&str> = items.split(start.as_str()).skip(1).collect();
            items.iter().collect::<BTreeSet<_>>().len() < items.len()
        })
        .count()
}

#[test]
fn record_ids_rise_and_none_comes_twice() {
    for (entity, path) in
        [("artists", "artist/id"), ("labels", "label/id"), ("masters", "master@id"), ("releases", "release@id")]
    {
        let ids: Vec<u64> =
            Parsed::of(&usual().dump(entity)).all(path).iter().map(|id| id.parse().expect("an id")).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{entity}");
        assert!(ids.len() < ids[ids.len() - 1] as usize, "{entity} has gaps");
    }
}

#[test]
fn names_join_across_the_dumps() {
    let artists = Parsed::of(&usual().dump("artists"));
    // One artist has no name element, so the record's own pairs come from the text.
    let text = text(&usual().dump("artists"));
    let known: BTreeMap<&str, &str> = text
        .split("<artist><id>")
        .skip(1)
        .filter_map(|record| record.split_once("</id><name>"))
        .filter_map(|(id, rest)| Some((id, rest.split_once("</name>")?.0)))
        .collect();
    assert_eq!(known.len() + 1, artists.count("artist"));

    let labels = Parsed::of(&usual().dump("labels"));
    let releases = releases();
    let credits = pairs(&releases, "release/artists/artist");
    let resolving = credits.iter().filter(|(id, _)| known.contains_key(id)).count();
    assert!(
        resolving * 100 / credits.len() > 85,
        "the rest are Various and the like: {resolving} of {}",
        credits.len()
    );
    for (id, name) in credits.iter().filter(|(id, _)| known.contains_key(id)) {
        let written = known[id].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        assert_eq!(*name, written, "{id}");
    }
    let label_ids: BTreeSet<&String> = labels.all("label/id").iter().collect();
    let label_names: BTreeSet<&String> = labels.all("label/name").iter().collect();
    assert!(releases.all("release/labels/label@id").iter().all(|id| label_ids.contains(id)));
    assert!(releases.all("release/labels/label@name").iter().all(|name| label_names.contains(name)));
    assert!(releases.all("release/companies/company/id").iter().all(|id| label_ids.contains(id)));
}

#[test]
fn masters_and_releases_point_at_each_other() {
    let masters = Parsed::of(&usual().dump("masters"));
    let text = text(&usual().dump("releases"));
    let mut main: BTreeMap<&str, &str> = BTreeMap::new();
    for record in text.split("<release id=\"").skip(1) {
        let id = record.split('"').next().expect("an id");
        if let Some((_, rest)) = record.split_once("<master_id is_main_release=\"true\">") {
            assert_eq!(main.insert(rest.split('<').next().expect("a master"), id), None, "two main releases");
        }
    }
    let ids = masters.all("master@id");
    let agree = ids.iter().zip(masters.all("master/main_release"));
    let agree = agree.filter(|(id, release)| main.get(id.as_str()) == Some(&release.as_str())).count();
    assert!(agree * 100 / ids.len() >= 97 && agree < ids.len(), "{agree} of {}", ids.len());
}

#[test]
fn releases_without_a_master_and_credits_without_an_artist() {
    let releases = releases();
    let total = releases.count("release");
    let zero = releases.share("release/master_id", total, |id| id == "0");
    let absent = (total - releases.count("release/master_id")) * 1000 / total;
    assert!((396..436).contains(&(zero + absent)) && zero > 100 && absent > 100, "{zero} {absent}");

    let count = |end: &str| -> usize {
        let paths = releases.values.iter().filter(|(path, _)| path.ends_with(end));
        paths.map(|(_, values)| values.len()).sum()
    };
    let without = (count("/artist") - count("/artist/id")) * 10_000 / count("/artist");
    assert!((120..230).contains(&without), "{without} in ten thousand");
}

#[test]
fn artists_that_are_credited_and_not_in_the_dump() {
    let releases = releases();
    let artists = Parsed::of(&usual().dump("artists"));
    let credited: BTreeSet<(&str, &str)> = pairs(&releases, "release/artists/artist").into_iter().collect();
    for special in [("194", "Various"), ("355", "Unknown Artist"), ("118760", "No Artist")] {
        assert!(credited.contains(&special), "{special:?}");
        assert!(!artists.all("artist/id").iter().any(|id| id == special.0), "{special:?}");
    }
}

#[test]
fn records_without_a_name_and_references_that_lead_nowhere() {
    let artists = Parsed::of(&usual().dump("artists"));
    let labels = Parsed::of(&usual().dump("labels"));
    assert_eq!(artists.count("artist/name") + 1, artists.count("artist"));
    assert_eq!(labels.count("label/name") + 1, labels.count("label"));
    let dangling = |parsed: &Parsed, ids: &str, path: &str| {
        let known: BTreeSet<&String> = parsed.all(ids).iter().collect();
        parsed.share(path, parsed.count(path), |id| !known.contains(&id.to_owned()))
    };
    for relation in ["aliases", "members", "groups"] {
        let share = dangling(&artists, "artist/id", &format!("artist/{relation}/name@id"));
        assert!((1..120).contains(&share), "{relation}: {share}");
    }
    let share = dangling(&labels, "label/id", "label/parentLabel@id");
    assert!((1..200).contains(&share), "{share}");
}

#[test]
fn dates_as_people_typed_them() {
    let releases = releases();
    let total = releases.count("release");
    let like = |pattern: &str| {
        releases.share("release/released", total, |date| {
            let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
            shape == pattern
        })
    };
    assert!((530..590).contains(&like("9999")));
    assert!((270..350).contains(&like("9999-99-99")));
    let without_day = releases.share("release/released", total, |date| date.ends_with("-00") && date.is_ascii());
    assert!((28..52).contains(&without_day), "{without_day}");
    let junk = releases.all("release/released").iter().filter(|date| date.parse::<u32>().is_err() && date.len() != 10);
    assert!((2..30).contains(&junk.count()));
    let other_scripts = releases.all("release/released").iter().filter(|date| !date.is_ascii());
    assert!(other_scripts.count() > 0);
    let years = Parsed::of(&usual().dump("masters"));
    for year in ["0", "197", "338"] {
        assert!(years.all("master/year").iter().any(|known| known == year), "{year}");
    }
}

#[test]
fn formats_genres_and_labels() {
    let releases = releases();
    let text = text(&usual().dump("releases"));
    let longest = releases.all("release/formats/format@qty").iter().map(String::len).max();
    assert_eq!(longest, Some(64));
    let formats = releases.count("release/formats/format");
    assert!(releases.count("release/formats/format@text") < formats, "absent in some");
    assert!(releases.share("release/formats/format@text", formats, str::is_empty) > 300);
    let folk =
        releases.share("release/genres/genre", releases.count("release"), |genre| genre == "Folk, World, & Country");
    assert!((80..150).contains(&folk), "{folk}");
    assert!(releases.all("release/styles/style").iter().any(|style| style == "RnB/Swing"));
    for (list, item) in [("labels", "label "), ("formats", "format "), ("genres", "genre>")] {
        let count = releases_that_repeat(&text, list, item);
        assert!((1..80).contains(&count), "{list}: {count}");
    }
    assert!(releases.share("release@status", 3000, |status| status == "Accepted") > 980);
}

#[test]
fn tracks() {
    let releases = releases();
    let tracks = releases.count("release/tracklist/track");
    let positions = releases.count("release/tracklist/track/position") * 1000 / tracks;
    assert!((950..1000).contains(&positions), "{positions}");
    let durations = releases.all("release/tracklist/track/duration");
    assert!(durations.iter().any(|duration| duration.split(':').count() == 3));
    assert!(durations.iter().any(|duration| duration == "ca. 5:00" || duration == "?" || duration == "3.45"));
    assert!((300..700).contains(&(durations.len() * 1000 / tracks)));
}

#[test]
fn texts_of_all_kinds() {
    let releases = releases();
    let artists = Parsed::of(&usual().dump("artists"));
    let everywhere = |end: &str| -> Vec<&String> {
        let paths = releases.values.iter().filter(|(path, _)| path.ends_with(end));
        paths.flat_map(|(_, values)| values).collect()
    };
    let longest = |values: &[&String]| values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    assert_eq!(longest(&everywhere("/artist/name")), 4159);
    assert_eq!(longest(&everywhere("/artist/role")), 2655);

    let names = artists.all("artist/name");
    for (what, is) in [
        ("a comma", (|name: &str| name.contains(", ")) as fn(&str) -> bool),
        ("a semicolon", |name| name.contains("; ")),
        ("a no-break space at the end", |name| name.ends_with('\u{a0}')),
        ("a number", |name| name.ends_with(')') && name.contains(" (")),
        ("Cyrillic", |name| name.chars().any(|c| ('а'..='я').contains(&c))),
        ("Japanese", |name| name.chars().any(|c| ('ア'..='ン').contains(&c))),
        ("letters outside the BMP", |name| name.chars().any(|c| c as u32 > 0xffff)),
        ("an angle bracket", |name| name.starts_with('<')),
    ] {
        let share = names.iter().filter(|name| is(name)).count() * 1000 / names.len();
        assert!(names.iter().any(|name| is(name)) && share < 200, "{what}: {share}");
    }
    let profiles = artists.all("artist/profile").concat();
    for mark_up in ["[a=", "[l=", "[a1", "[l1", "[url=http", "[/url]", "[b]", "&", "<", ">", "\r\n"] {
        assert!(profiles.contains(mark_up), "{mark_up:?}");
    }
    assert!(text(&usual().dump("artists")).contains("&#13;\n"));
}

#[test]
fn now_and_then_an_artist_follows_its_neighbour() {
    let text = text(&usual().dump("artists"));
    let followers = text.matches("</artist><artist>").count();
    assert_eq!(followers, 2, "two of 1590");
    assert_eq!(text.matches("\n<artist>").count() + followers, 1590);
}
