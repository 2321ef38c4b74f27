//! Release dates, with the precision and the errors of upstream.

use super::dice::Dice;

/// Texts that people typed instead of a year: decades, doubts, digits of other scripts.
const JUNK: [&str; 10] =
    ["1980s", "200?", "19??", "?", "1999-2000", "2003-13-45", "Dec 1998", "١٩٨٥", "２００１", "१९९२-०५-००"];

/// Returns the text of `released` for a release in `year`; empty if unknown.
///
/// As in 2026-08, of a thousand: 118 empty, 560 a year, 40 a month with day 00, a few no date at all, the rest a day.
pub(super) fn release_date(dice: &mut Dice, year: u64) -> String {
    let month = dice.between(1, 12);
    match dice.below(1000) {
        0..=117 => String::new(),
        118..=677 => year.to_string(),
        678..=717 => format!("{year}-{month:02}-00"),
        718..=721 => dice.one_of(&JUNK).to_owned(),
        _ => format!("{year}-{month:02}-{:02}", dice.between(1, 28)),
    }
}
