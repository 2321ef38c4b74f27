//! Companies of a release: pressing plants, printers, publishers.

use super::catalogue::Catalogue;
use super::dice::Dice;
use super::layout::Layout;
use super::xml::Xml;

/// Writes the companies of a release, each a label with a role such as `Pressed By`.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, release: u64) {
    if !dice.per_mille(450) {
        xml.optional("companies", "");
        return;
    }
    let scheme = if xml.layout == Layout::Y2017 { "http" } else { "https" };
    xml.open("companies");
    for _ in 0..dice.shaped(&[(0, 1), (500, 3), (900, 8), (1000, 15)]) {
        let (id, name) = catalogue.some_label(dice, release);
        let part = *catalogue.vocabulary.company_roles.pick(dice);
        let (number, part) = part.split_once('\t').unwrap_or((part, ""));
        let catno = if dice.per_mille(60) { catalogue.catalogue_number(dice) } else { String::new() };
        xml.open("company");
        xml.number("id", id);
        xml.element("name", &name);
        xml.optional("catno", &catno);
        xml.element("entity_type", number);
        xml.element("entity_type_name", part);
        xml.element("resource_url", &format!("{scheme}://api.discogs.com/labels/{id}"));
        xml.close("company");
    }
    xml.close("companies");
}
