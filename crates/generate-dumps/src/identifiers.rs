//! Barcodes, matrix numbers and other identifiers.

use super::catalogue::Catalogue;
use super::dice::Dice;
use super::xml::Xml;

/// Writes barcodes, matrix numbers and the like.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice) {
    if !dice.per_mille(580) {
        xml.optional("identifiers", "");
        return;
    }
    xml.open("identifiers");
    for _ in 0..dice.shaped(&[(0, 1), (400, 2), (850, 6), (1000, 16)]) {
        let kind = *catalogue.vocabulary.identifier_types.pick(dice);
        let value = value(catalogue, dice, kind);
        let description =
            if dice.per_mille(570) { *catalogue.vocabulary.identifier_descriptions.pick(dice) } else { "" };
        // The current layout writes an empty description or none; the layout of 2020 omits an empty one.
        let with_description = !description.is_empty() || (dice.per_mille(500) && xml.layout.has_series());
        let attributes = [("type", kind), ("description", description), ("value", value.as_str())];
        if with_description {
            xml.only_attributes("identifier", &attributes);
        } else {
            xml.only_attributes("identifier", &[attributes[0], attributes[2]]);
        }
    }
    xml.close("identifiers");
}

fn value(catalogue: &Catalogue, dice: &mut Dice, kind: &str) -> String {
    match kind {
        "Barcode" if dice.per_mille(500) => format!("{:013}", u64::from(dice.bits()) * dice.below(2000)),
        "Barcode" => {
            format!("{} {:05} {:05} {}", dice.below(10), dice.below(100_000), dice.below(100_000), dice.below(10))
        }
        "Rights Society" => {
            dice.one_of(&["BIEM", "GEMA", "BIEM/GEMA", "ASCAP", "BMI", "SABAM", "JASRAC", "MCPS"]).to_owned()
        }
        "Label Code" => format!("LC {:05}", dice.below(30_000)),
        "Mastering SID Code" => format!("IFPI L{:03}", dice.below(1000)),
        "Mould SID Code" => format!("IFPI {:04}", dice.below(10_000)),
        "SPARS Code" => dice.one_of(&["AAD", "ADD", "DDD"]).to_owned(),
        "Price Code" => dice.one_of(&["CB 751", "F: PM 502", "UK: CD 1", "ⓐ"]).to_owned(),
        "ISRC" => format!("GBXXX{:07}", dice.below(10_000_000)),
        _ => {
            let number = catalogue.catalogue_number(dice);
            let tail = dice.one_of(&["A1", "B1", "A-1U", "B-2 ", "1 <X>", "\"AW\"", "01 * & 02"]);
            format!("{number} {tail}")
        }
    }
}
