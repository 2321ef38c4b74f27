//! Artist records.

use super::catalogue::Catalogue;
use super::dice::Purpose;
use super::families::Reference;
use super::ids::id;
use super::images;
use super::plan::Entity;
use super::prose::LineEnd;
use super::xml::Xml;

/// Writes the artist at `ordinal`.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, ordinal: u64) {
    let mut dice = catalogue.dice(Purpose::ArtistRecord, ordinal);
    let dice = &mut dice;
    let name = catalogue.artist_name(ordinal);
    let unknown = catalogue.has_unknown_element(ordinal);

    if unknown {
        xml.open_with("artist", &[("verified", "true")])
    } else {
        xml.open("artist")
    }
    images::write(xml, catalogue, Entity::Artists, ordinal, 200, 8);
    xml.number("id", id(Entity::Artists, ordinal));
    xml.optional("name", &name);
    if dice.per_mille(135) {
        let realname = if dice.per_mille(970) { catalogue.person(dice) } else { "\u{a0}".to_owned() };
        xml.element("realname", &realname);
    }
    let profile = if dice.per_mille(180) {
        let length = dice.shaped(&[(0, 20), (500, 150), (900, 700), (1000, 3500)]) as usize;
        catalogue.prose(dice, length, LineEnd::CrLf, catalogue.release_beside(Entity::Artists, ordinal))
    } else {
        String::new()
    };
    xml.optional("profile", &profile);
    let quality = match dice.below(1000) {
        0..=612 => "Needs Major Changes",
        613..=871 => "Needs Vote",
        872..=989 => "Correct",
        990..=994 => "Needs Minor Changes",
        995..=998 => "Complete and Correct",
        _ => "Entirely Incorrect",
    };
    xml.element("data_quality", quality);
    if dice.per_mille(145) {
        xml.open("urls");
        for _ in 0..dice.shaped(&[(0, 1), (500, 2), (900, 7), (1000, 15)]) {
            let address = catalogue.address(dice);
            xml.element("url", &address);
        }
        xml.close("urls");
    }
    if dice.per_mille(260) && !name.is_empty() {
        xml.open("namevariations");
        for _ in 0..dice.shaped(&[(0, 1), (500, 2), (900, 8), (1000, 25)]) {
            let variation = catalogue.variation(dice, &name);
            xml.element("name", &variation);
        }
        xml.close("namevariations");
    }
    let family = catalogue.family(ordinal);
    write_references(xml, "aliases", &family.aliases);
    write_members(xml, &family.members);
    write_references(xml, "groups", &family.groups);
    if unknown {
        xml.element("provenance", "import");
    }
    xml.close("artist");
}

fn write_references(xml: &mut Xml, tag: &str, references: &[Reference]) {
    if references.is_empty() {
        return;
    }
    xml.open(tag);
    references.iter().for_each(|(id, name)| xml.reference("name", *id, name));
    xml.close(tag);
}

/// Writes the members of a group. Before 2024 an `id` element preceded each name; in 2017 the name carried no id.
fn write_members(xml: &mut Xml, members: &[Reference]) {
    if members.is_empty() {
        return;
    }
    xml.open("members");
    for (id, name) in members {
        if xml.layout.writes_empty_elements() {
            xml.number("id", *id);
        }
        xml.reference("name", *id, name);
    }
    xml.close("members");
}
