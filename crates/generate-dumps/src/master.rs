//! Master records.

use super::catalogue::{Catalogue, oddity};
use super::credits::write_artists;
use super::dice::{Dice, Purpose};
use super::ids::{id, missing_id};
use super::images;
use super::plan::Entity;
use super::prose::LineEnd;
use super::videos;
use super::xml::Xml;

/// Writes the master at `ordinal`.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, ordinal: u64) {
    let mut dice = catalogue.dice(Purpose::MasterRecord, ordinal);
    let dice = &mut dice;
    let work = catalogue.work_of_master(ordinal);
    let main_release = catalogue.main_release(ordinal);
    let unknown = catalogue.has_unknown_element(ordinal);

    let own_id = id(Entity::Masters, ordinal).to_string();
    let attributes = [("id", own_id.as_str()), ("verified", "true")];
    xml.open_with("master", if unknown { &attributes } else { &attributes[..1] });
    let main_id = if oddity(dice, ordinal, 50, 400) {
        missing_id(Entity::Releases, main_release)
    } else {
        id(Entity::Releases, main_release)
    };
    xml.number("main_release", main_id);
    images::write(xml, catalogue, Entity::Masters, ordinal, 985, 9);
    write_artists(xml, "artists", &work.credits);
    write_list(xml, "genres", "genre", &work.genres);
    write_list(xml, "styles", "style", &work.styles);
    if dice.per_mille(40) {
        let length = dice.between(8, 250) as usize;
        let notes = catalogue.prose(dice, length, LineEnd::Lf, main_release);
        xml.element("notes", &notes);
    }
    xml.number("year", year(dice, ordinal, work.year));
    xml.element("title", &work.title);
    let quality = match dice.below(1000) {
        0..=989 => "Correct",
        990..=997 => "Needs Vote",
        _ => "Needs Minor Changes",
    };
    xml.element("data_quality", quality);
    if dice.per_mille(574) {
        videos::write(xml, catalogue, dice, work.artist(), main_release);
    }
    if unknown {
        xml.element("provenance", "import");
    }
    xml.close("master");
}

/// Returns the year as upstream has it: mostly as given, sometimes 0 for unknown or a typing error.
fn year(dice: &mut Dice, ordinal: u64, year: u64) -> u64 {
    let unknown = dice.per_mille(45);
    if oddity(dice, ordinal, 77, 1_000_000) {
        197
    } else if oddity(dice, ordinal, 203, 1_000_000) {
        338
    } else if unknown {
        0
    } else {
        year
    }
}

pub(super) fn write_list(xml: &mut Xml, list: &str, tag: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    xml.open(list);
    items.iter().for_each(|item| xml.element(tag, item));
    xml.close(list);
}
