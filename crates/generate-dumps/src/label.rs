//! Label records.

use super::catalogue::Catalogue;
use super::dice::Purpose;
use super::families::Reference;
use super::ids::id;
use super::images;
use super::layout::Layout;
use super::plan::Entity;
use super::prose::LineEnd;
use super::xml::Xml;

/// Writes the label at `ordinal`.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, ordinal: u64) {
    let mut dice = catalogue.dice(Purpose::LabelRecord, ordinal);
    let dice = &mut dice;
    let tree = catalogue.tree(ordinal);
    let unknown = catalogue.has_unknown_element(ordinal);

    if unknown {
        xml.open_with("label", &[("verified", "true")])
    } else {
        xml.open("label")
    }
    images::write(xml, catalogue, Entity::Labels, ordinal, 246, 4);
    xml.number("id", id(Entity::Labels, ordinal));
    xml.optional("name", &catalogue.label_name(ordinal));
    if dice.per_mille(127) {
        let contact = catalogue.contact(dice);
        xml.element("contactinfo", &contact);
    }
    if dice.per_mille(242) {
        let length = dice.shaped(&[(0, 20), (500, 120), (900, 500), (1000, 2500)]) as usize;
        let release = catalogue.release_beside(Entity::Labels, ordinal);
        let profile = catalogue.prose(dice, length, LineEnd::CrLf, release);
        xml.element("profile", &profile);
    }
    let parent_first = xml.layout == Layout::Y2017;
    if parent_first {
        write_parent(xml, tree.parent.as_ref());
    }
    let quality = match dice.below(1000) {
        0..=499 => "Needs Major Changes",
        500..=849 => "Needs Vote",
        850..=992 => "Correct",
        993..=997 => "Needs Minor Changes",
        _ => "Complete and Correct",
    };
    xml.element("data_quality", quality);
    if !parent_first {
        write_parent(xml, tree.parent.as_ref());
    }
    if dice.per_mille(149) {
        xml.open("urls");
        for _ in 0..dice.shaped(&[(0, 1), (500, 2), (900, 6), (1000, 12)]) {
            let address = catalogue.address(dice);
            xml.element("url", &address);
        }
        xml.close("urls");
    }
    if !tree.sublabels.is_empty() {
        xml.open("sublabels");
        tree.sublabels.iter().for_each(|(id, name)| xml.reference("label", *id, name));
        xml.close("sublabels");
    }
    if unknown {
        xml.element("provenance", "import");
    }
    xml.close("label");
}

fn write_parent(xml: &mut Xml, parent: Option<&Reference>) {
    if let Some((id, name)) = parent {
        xml.reference("parentLabel", *id, name);
    }
}
