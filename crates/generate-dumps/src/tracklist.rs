//! Tracks of a release.

use super::catalogue::Catalogue;
use super::credits::{Credit, write_artists};
use super::dice::Dice;
use super::formats::Carrier;
use super::xml::Xml;

/// The properties that the tracks of a release share.
struct Habits {
    /// Whether tracks have durations.
    times: bool,
    /// Whether each track has its own artist.
    artists: bool,
    /// Whether tracks have credits.
    credits: bool,
    /// Whether there are headings between tracks, without a position.
    headings: bool,
    /// Whether there are works in several movements.
    movements: bool,
}

/// Writes the tracks. One release in two hundred has none.
pub(super) fn write(
    xml: &mut Xml,
    catalogue: &Catalogue,
    dice: &mut Dice,
    release: u64,
    carrier: Carrier,
    is_compilation: bool,
) {
    let count =
        dice.shaped(&[(0, 1), (50, 2), (250, 3), (500, 8), (750, 12), (900, 16), (950, 20), (990, 46), (1000, 120)]);
    if dice.per_mille(5) {
        xml.optional("tracklist", "");
        return;
    }
    let habits = Habits {
        times: dice.per_mille(540),
        artists: is_compilation || dice.per_mille(25),
        credits: dice.per_mille(270),
        headings: dice.per_mille(25),
        movements: dice.per_mille(22),
    };
    xml.open("tracklist");
    for index in 0..count {
        if habits.headings && index % 6 == 0 {
            let title = catalogue.title(dice, 2);
            write_plain(xml, "", &title, "");
        }
        let position = position(dice, carrier, index, count);
        if habits.movements && dice.per_mille(300) {
            write_movements(xml, catalogue, dice, release, &habits, &position);
        } else {
            write_track(xml, catalogue, dice, release, &habits, &position);
        }
    }
    xml.close("tracklist");
}

fn write_plain(xml: &mut Xml, position: &str, title: &str, duration: &str) {
    open_plain(xml, position, title, duration);
    xml.close("track");
}

fn open_plain(xml: &mut Xml, position: &str, title: &str, duration: &str) {
    xml.open("track");
    xml.optional("position", position);
    xml.optional("title", title);
    xml.optional("duration", duration);
}

fn write_track(xml: &mut Xml, catalogue: &Catalogue, dice: &mut Dice, release: u64, habits: &Habits, position: &str) {
    let title = title(catalogue, dice);
    open_plain(xml, position, &title, &duration(dice, habits));
    let artists: Vec<Credit> = if habits.artists {
        let mut artists = vec![catalogue.lead(dice, release)];
        if dice.per_mille(150) {
            artists[0].join = catalogue.vocabulary.joins.pick(dice);
            artists.push(catalogue.lead(dice, release));
        }
        artists
    } else {
        Vec::new()
    };
    write_artists(xml, "artists", &artists);
    if habits.credits && dice.per_mille(680) {
        let count = dice.shaped(&[(0, 1), (500, 2), (900, 4), (1000, 9)]);
        let credits: Vec<Credit> = (0..count).map(|_| catalogue.contributor(dice, release)).collect();
        write_artists(xml, "extraartists", &credits);
    }
    xml.close("track");
}

/// Writes a work in several movements. The movements have positions and durations, the work often neither.
fn write_movements(
    xml: &mut Xml,
    catalogue: &Catalogue,
    dice: &mut Dice,
    release: u64,
    habits: &Habits,
    position: &str,
) {
    let own = dice.per_mille(200);
    let title = title(catalogue, dice);
    open_plain(xml, if own { position } else { "" }, &title, if own { "12:34" } else { "" });
    let parts = dice.between(2, 5);
    let habits = Habits { artists: dice.per_mille(50), credits: dice.per_mille(100), ..*habits };
    if dice.per_mille(250) {
        write_artists(xml, "extraartists", &[catalogue.contributor(dice, release)]);
    }
    xml.open("sub_tracks");
    for part in 1..=parts {
        let part = match dice.below(2) {
            0 => format!("{position}.{part}"),
            _ => format!("{position}{}", char::from(b'a' + (part - 1) as u8)),
        };
        write_track(xml, catalogue, dice, release, &habits, &part);
    }
    xml.close("sub_tracks");
    xml.close("track");
}

/// Returns a position as printed: `A1` on a side, `7` on a disc, `2-7` on one of several discs.
fn position(dice: &mut Dice, carrier: Carrier, index: u64, count: u64) -> String {
    if dice.per_mille(3) {
        return String::new();
    }
    if carrier.has_sides {
        let sides = (2 * carrier.discs).min(26);
        let per_side = count.div_ceil(sides).max(1);
        let side = char::from(b'A' + (index / per_side).min(25) as u8);
        return if per_side == 1 { side.to_string() } else { format!("{side}{}", index % per_side + 1) };
    }
    if carrier.discs == 1 {
        return (index + 1).to_string();
    }
    let per_disc = count.div_ceil(carrier.discs).max(1);
    let (disc, track) = (index / per_disc + 1, index % per_disc + 1);
    if carrier.discs.is_multiple_of(3) { format!("CD{disc}-{track:02}") } else { format!("{disc}-{track}") }
}

fn title(catalogue: &Catalogue, dice: &mut Dice) -> String {
    let words = dice.shaped(&[(0, 1), (300, 2), (800, 5), (1000, 8)]);
    let title = catalogue.title(dice, words);
    match dice.below(25) {
        0 => format!("{title} ({} Remix)", catalogue.capitalised(dice)),
        1 => format!("{title} / {}", catalogue.title(dice, 2)),
        2 => format!("{title} & {}", catalogue.title(dice, 1)),
        3 => format!("{} {}", catalogue.vocabulary.cyrillic.pick(dice), catalogue.vocabulary.cyrillic.any(dice)),
        4 => catalogue.vocabulary.japanese.any(dice).to_string(),
        5 => format!("{title} No. {} In {} Major", dice.between(1, 104), dice.one_of(&["C", "D", "E", "F", "G"])),
        6 if dice.per_mille(50) => String::new(),
        _ => title,
    }
}

fn duration(dice: &mut Dice, habits: &Habits) -> String {
    if !habits.times {
        return String::new();
    }
    let seconds = dice.below(60);
    match dice.below(1000) {
        0..=39 => format!("{}:{seconds:02}", dice.between(10, 79)),
        40..=44 => format!("{}:{:02}:{seconds:02}", dice.between(1, 2), dice.below(60)),
        45..=48 => dice.one_of(&["?", "4'33\"", "3.45", "ca. 5:00", "0:00", "3:4", ":48", "(6:10)"]).to_owned(),
        49..=60 => String::new(),
        _ => format!("{}:{seconds:02}", dice.between(1, 9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Purpose;

    #[test]
    fn positions_are_printed_as_on_the_sleeve() {
        let mut dice = Dice::new(1, Purpose::ReleaseRecord, 0);
        let mut at = |has_sides, discs, index, count| position(&mut dice, Carrier { has_sides, discs }, index, count);
        assert_eq!(at(true, 1, 3, 6), "B1");
        assert_eq!(at(true, 1, 1, 2), "B");
        assert_eq!(at(false, 1, 6, 9), "7");
        assert_eq!(at(false, 2, 6, 12), "2-1");
        assert_eq!(at(false, 3, 6, 9), "CD3-01");
    }
}
