//! Release records.

use super::catalogue::Catalogue;
use super::credits::{Credit, EXTREME_RELEASE, write_artists};
use super::dice::{Dice, Purpose};
use super::ids::id;
use super::layout::Layout;
use super::master::write_list;
use super::plan::Entity;
use super::prose::LineEnd;
use super::release_date::release_date;
use super::works::{Edition, Work};
use super::xml::Xml;
use super::{companies, formats, identifiers, images, tracklist, videos};

/// Writes the release at `ordinal`.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, ordinal: u64) {
    let mut dice = catalogue.dice(Purpose::ReleaseRecord, ordinal);
    let dice = &mut dice;
    let edition = catalogue.edition(ordinal);
    let work = catalogue.work_of_release(ordinal, edition);
    let unknown = catalogue.has_unknown_element(ordinal);

    open(xml, catalogue, dice, ordinal, unknown);
    images::write(xml, catalogue, Entity::Releases, ordinal, 955, 9);
    write_artists(xml, "artists", &work.credits);
    xml.element("title", &work.title);
    write_labels(xml, catalogue, dice, ordinal);
    write_series(xml, catalogue, dice, ordinal);
    write_extra_artists(xml, catalogue, dice, ordinal);
    let mut pressing = catalogue.dice(Purpose::Pressing, ordinal);
    let carrier = formats::write(xml, catalogue, &mut pressing, ordinal);
    write_genres(xml, dice, &work);
    if dice.per_mille(970) {
        xml.element("country", catalogue.vocabulary.countries.pick(dice));
    }
    let later = if dice.per_mille(600) { 0 } else { dice.skewed(25) };
    let released = release_date(dice, (work.year + later).min(2026));
    if !released.is_empty() {
        xml.element("released", &released);
    }
    write_notes(xml, catalogue, dice, ordinal);
    let quality = match dice.below(1000) {
        0..=888 => "Needs Vote",
        889..=984 => "Correct",
        985..=992 => "Complete and Correct",
        993..=998 => "Needs Minor Changes",
        _ => "Entirely Incorrect",
    };
    xml.element("data_quality", quality);
    write_master(xml, dice, edition);
    tracklist::write(xml, catalogue, dice, ordinal, carrier, work.is_compilation);
    identifiers::write(xml, catalogue, &mut pressing);
    if dice.per_mille(470) {
        videos::write(xml, catalogue, dice, work.artist(), ordinal);
    }
    companies::write(xml, catalogue, dice, ordinal);
    if unknown {
        xml.element("provenance", "import");
    }
    xml.close("release");
}

fn open(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, ordinal: u64, unknown: bool) {
    let own_id = id(Entity::Releases, ordinal).to_string();
    let status = match dice.below(2000) {
        0 => "Draft",
        1 => "Deleted",
        2 => "Rejected",
        _ => "Accepted",
    };
    let mut attributes = vec![("id", own_id.as_str())];
    if catalogue.writes_status {
        attributes.push(("status", status));
    }
    if unknown {
        attributes.push(("verified", "true"));
    }
    xml.open_with("release", &attributes);
}

/// Writes the labels. One release in eight has several labels, and one in twenty has the same label twice, a few of
/// these with the same catalogue number.
fn write_labels(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, ordinal: u64) {
    let (id, name) = catalogue.some_label(dice, ordinal);
    let catno = catalogue.catalogue_number(dice);
    xml.open("labels");
    write_label(xml, "label", id, &name, &catno);
    match dice.below(1000) {
        0..=44 => {
            let second = catalogue.catalogue_number(dice);
            write_label(xml, "label", id, &name, &second);
        }
        45..=49 => write_label(xml, "label", id, &name, &catno),
        50..=124 => {
            let (other, other_name) = catalogue.some_label(dice, ordinal);
            write_label(xml, "label", other, &other_name, &catno);
        }
        _ => {}
    }
    xml.close("labels");
}

fn write_label(xml: &mut Xml, tag: &str, id: u64, name: &str, catno: &str) {
    let id = id.to_string();
    let attributes = [("name", name), ("catno", catno), ("id", id.as_str())];
    let known = if xml.layout.has_reference_ids() { 3 } else { 2 };
    xml.only_attributes(tag, &attributes[..known]);
}

fn write_series(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, ordinal: u64) {
    let count = if dice.per_mille(60) { dice.between(1, 2) } else { 0 };
    let series: Vec<_> = (0..count)
        .map(|_| {
            let (id, name) = catalogue.some_label(dice, ordinal);
            let number = if dice.per_mille(600) { dice.between(1, 90).to_string() } else { String::new() };
            (id, name, number)
        })
        .collect();
    if series.is_empty() || !xml.layout.has_series() {
        return;
    }
    xml.open("series");
    series.iter().for_each(|(id, name, number)| write_label(xml, "series", *id, name, number));
    xml.close("series");
}

fn write_extra_artists(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, ordinal: u64) {
    if !dice.per_mille(590) && ordinal != EXTREME_RELEASE {
        xml.optional("extraartists", "");
        return;
    }
    let count = dice.shaped(&[(0, 1), (300, 2), (600, 6), (900, 14), (1000, 40)]);
    let mut credits: Vec<Credit> = (0..count)
        .map(|_| {
            let mut credit = catalogue.contributor(dice, ordinal);
            if dice.per_mille(110) {
                credit.tracks = match dice.below(4) {
                    0 => format!("A{}", dice.between(1, 6)),
                    1 => format!("{} to {}", dice.between(1, 4), dice.between(5, 14)),
                    2 => format!("{}, {}", dice.between(1, 6), dice.between(7, 14)),
                    _ => format!("1-{} to 2-{}, A1", dice.between(1, 6), dice.between(1, 9)),
                };
            }
            credit
        })
        .collect();
    if ordinal == EXTREME_RELEASE {
        credits.insert(0, catalogue.extreme_contributor(dice));
    }
    write_artists(xml, "extraartists", &credits);
}

/// Writes the genres. One release in five hundred names a genre twice.
fn write_genres(xml: &mut Xml, dice: &mut Dice, work: &Work) {
    let mut genres = work.genres.clone();
    if dice.per_mille(2) {
        genres.extend_from_within(..1);
    }
    write_list(xml, "genres", "genre", &genres);
    write_list(xml, "styles", "style", &work.styles);
}

fn write_notes(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, ordinal: u64) {
    if !dice.per_mille(640) {
        return;
    }
    let length = dice.shaped(&[(0, 10), (600, 110), (900, 300), (985, 900), (1000, 4000)]) as usize;
    let line_end = if dice.per_mille(200) { LineEnd::CrLf } else { LineEnd::Lf };
    let notes = catalogue.prose(dice, length, line_end, ordinal);
    xml.element("notes", &notes);
}

/// Writes the master; a release without a master has 0 or no element. Until 2017 no attribute marked the main release.
fn write_master(xml: &mut Xml, dice: &mut Dice, edition: Option<Edition>) {
    let as_zero = dice.per_mille(500) && xml.layout == Layout::Current;
    let (master, is_main) = match edition {
        Some(edition) => (id(Entity::Masters, edition.master), edition.is_main),
        None if as_zero => (0, false),
        None => return,
    };
    if xml.layout == Layout::Y2017 {
        xml.number("master_id", master);
        return;
    }
    let main = if is_main { "true" } else { "false" };
    xml.open_with("master_id", &[("is_main_release", main)]);
    xml.raw(&master.to_string());
    xml.close("master_id");
}
