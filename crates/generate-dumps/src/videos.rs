//! Videos of masters and releases.

use super::catalogue::Catalogue;
use super::dice::Dice;
use super::prose::LineEnd;
use super::xml::Xml;

const ID_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes the videos of a master or a release. Most titles begin with `about`, the artist.
pub(super) fn write(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, about: &str, release: u64) {
    let count = dice.shaped(&[(0, 1), (400, 2), (800, 7), (1000, 20)]);
    xml.open("videos");
    for _ in 0..count {
        let id: String = (0..11).map(|_| char::from(dice.one_of(ID_ALPHABET))).collect();
        let source = format!("https://www.youtube.com/watch?v={id}");
        let seconds = if dice.per_mille(20) { 0 } else { dice.between(90, 540) }.to_string();
        let embed = if dice.per_mille(985) { "true" } else { "false" };
        xml.open_with("video", &[("src", &source), ("duration", &seconds), ("embed", embed)]);
        let words = dice.between(1, 5);
        let title = format!("{about} - {}", catalogue.title(dice, words));
        xml.element("title", &title);
        let description = match dice.below(10) {
            0..=2 => title,
            3 => String::new(),
            _ => {
                let line_end = if dice.per_mille(300) { LineEnd::CrLf } else { LineEnd::Lf };
                let length = dice.between(30, 260) as usize;
                // Discogs keeps the first 255 characters of YouTube's title.
                catalogue.prose(dice, length, line_end, release).chars().take(255).collect()
            }
        };
        xml.optional("description", &description);
        xml.close("video");
    }
    xml.close("videos");
}
