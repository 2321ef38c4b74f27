//! Formats of a release.

use super::catalogue::{Catalogue, oddity};
use super::dice::Dice;
use super::xml::Xml;

/// A quantity of 64 digits, the longest one upstream.
const ABSURD_QUANTITY: &str = "1000000000000000000000000000000000000000000000000000000000000001";

/// The numbering of tracks (by side or in one sequence) and the number of discs.
#[derive(Clone, Copy)]
pub(super) struct Carrier {
    pub(super) has_sides: bool,
    pub(super) discs: u64,
}

/// Writes `formats` and returns the carrier of the tracks.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, release: u64) -> Carrier {
    let mut carrier = Carrier { has_sides: false, discs: 1 };
    let count = if dice.per_mille(35) { dice.between(2, 3) } else { 1 };
    let twice = dice.per_mille(12);
    xml.open("formats");
    for index in 0..count {
        let name = *catalogue.vocabulary.formats.pick(dice);
        let discs = if dice.per_mille(890) { 1 } else { 2 + dice.skewed(14) };
        let quantity =
            if oddity(dice, release, 1234, 2_000_000) { ABSURD_QUANTITY.to_owned() } else { discs.to_string() };
        if index == 0 {
            let has_sides = matches!(name, "Vinyl" | "Cassette" | "Shellac" | "Acetate" | "Lathe Cut" | "Flexi-disc");
            carrier = Carrier { has_sides, discs };
        }
        let text = if dice.per_mille(150) { *catalogue.vocabulary.format_texts.pick(dice) } else { "" };
        let with_text = !text.is_empty() || xml.layout.writes_empty_elements() || dice.per_mille(500);
        let described = descriptions(catalogue, dice, name);
        for _ in 0..if twice && index == 0 { 2 } else { 1 } {
            write_format(xml, name, &quantity, with_text.then_some(text), &described);
        }
    }
    xml.close("formats");
    carrier
}

fn write_format(xml: &mut Xml, name: &str, quantity: &str, text: Option<&str>, descriptions: &[&str]) {
    let attributes = [("name", name), ("qty", quantity), ("text", text.unwrap_or_default())];
    let attributes = if text.is_some() { &attributes[..] } else { &attributes[..2] };
    if descriptions.is_empty() {
        xml.only_attributes("format", attributes);
        return;
    }
    xml.open_with("format", attributes);
    xml.open("descriptions");
    descriptions.iter().for_each(|description| xml.element("description", description));
    xml.close("descriptions");
    xml.close("format");
}

fn descriptions(catalogue: &Catalogue, dice: &mut Dice, name: &str) -> Vec<&'static str> {
    let mut list = Vec::new();
    if name == "Vinyl" {
        list.push(dice.one_of(&["LP", "LP", "12\"", "12\"", "7\"", "7\"", "10\""]));
        if dice.per_mille(400) {
            list.push(dice.one_of(&["45 RPM", "33 ⅓ RPM", "33 ⅓ RPM", "78 RPM"]));
        }
    }
    for _ in 0..dice.shaped(&[(0, 0), (100, 1), (600, 2), (1000, 5)]) {
        let description = *catalogue.vocabulary.format_descriptions.pick(dice);
        if !list.contains(&description) {
            list.push(description);
        }
    }
    list
}
