//! Images of the older layouts.

use super::catalogue::Catalogue;
use super::dice::Purpose;
use super::ids::id;
use super::plan::Entity;
use super::xml::Xml;

/// Writes the images of a record, in the layouts that have them. Their addresses are blank, as upstream in these
/// layouts.
///
/// Images have a random stream of their own, so that the layouts do not differ in anything else. `share` per mille of
/// the records have up to `most` images.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, entity: Entity, ordinal: u64, share: u64, most: u64) {
    if !xml.layout.has_images() {
        return;
    }
    let mut dice = catalogue.dice(Purpose::Images, id(entity, ordinal) * 4 + entity as u64);
    if !dice.per_mille(share) {
        return;
    }
    xml.open("images");
    for index in 0..1 + dice.skewed(most) {
        let kind = if index == 0 && dice.per_mille(850) { "primary" } else { "secondary" };
        let (width, height) = (dice.between(80, 600).to_string(), dice.between(60, 900).to_string());
        let square = dice.per_mille(500);
        let attributes = [
            ("type", kind),
            ("uri", ""),
            ("uri150", ""),
            ("width", if square { "600" } else { &width }),
            ("height", if square { "600" } else { &height }),
        ];
        xml.only_attributes("image", &attributes);
    }
    xml.close("images");
}
