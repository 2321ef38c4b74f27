//! Works: the properties of a master that all its releases share.
//!
//! Releases come in blocks of 60 that share 8 masters (real: 0.133 masters and 0.584 releases with one for each
//! release). The first 8 cards of a block are the main releases, the next 27 further releases of the same masters.

use super::catalogue::Catalogue;
use super::credits::Credit;
use super::dice::{Dice, Purpose};
use super::ids::{NO_ARTIST, UNKNOWN_ARTIST, VARIOUS, mix};

const RELEASES: u64 = 60;
const MASTERS: u64 = 8;
const RELEASES_WITH_MASTER: u64 = 35;
/// Factors that permute 60 positions.
const FACTORS: [u64; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The relation of a release to its master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    /// The ordinal of the master.
    pub(super) master: u64,
    pub(super) is_main: bool,
}

/// The properties that releases of one master share.
pub(super) struct Work {
    pub(super) title: String,
    pub(super) credits: Vec<Credit>,
    pub(super) genres: Vec<&'static str>,
    pub(super) styles: Vec<&'static str>,
    pub(super) year: u64,
    /// Whether the artist is Various and the tracks name their own.
    pub(super) is_compilation: bool,
}

impl Work {
    /// The artist's name in titles of videos and in texts.
    pub(super) fn artist(&self) -> &str {
        self.credits.first().map_or("", |credit| &credit.name)
    }
}

impl Catalogue {
    pub(super) fn edition(&self, release: u64) -> Option<Edition> {
        let block = release / RELEASES;
        let card = self.card(block, release % RELEASES);
        if card >= RELEASES_WITH_MASTER {
            return None;
        }
        let is_main = card < MASTERS;
        let master = if is_main {
            card
        } else {
            // Some masters have many releases, most have two or three.
            let mixed = mix(self.seed ^ mix(release));
            (mixed % MASTERS).min(mixed / MASTERS % MASTERS)
        };
        Some(Edition { master: block * MASTERS + master, is_main })
    }

    /// Returns the ordinal of a master's main release.
    pub(super) fn main_release(&self, master: u64) -> u64 {
        let block = master / MASTERS;
        let place = (0..RELEASES).find(|&place| self.card(block, place) == master % MASTERS);
        block * RELEASES + place.unwrap_or(0)
    }

    fn card(&self, block: u64, place: u64) -> u64 {
        let mixed = mix(self.seed.wrapping_add(mix(block)));
        (place * FACTORS[(mixed % 8) as usize] + mixed / 8 % RELEASES) % RELEASES
    }

    pub(super) fn work_of_master(&self, master: u64) -> Work {
        self.work(2 * master, master / MASTERS * RELEASES)
    }

    pub(super) fn work_of_release(&self, release: u64, edition: Option<Edition>) -> Work {
        match edition {
            Some(edition) => self.work_of_master(edition.master),
            None => self.work(2 * release + 1, release / RELEASES * RELEASES),
        }
    }

    fn work(&self, key: u64, release: u64) -> Work {
        let mut dice = self.dice(Purpose::Work, key);
        let title = self.work_title(&mut dice);
        let is_compilation = dice.per_mille(90);
        let credits =
            if is_compilation { vec![Credit::named(VARIOUS, "Various")] } else { self.leads(&mut dice, release) };
        let mut genres = vec![*self.vocabulary.genres.pick(&mut dice)];
        while genres.len() < 4 && dice.per_mille(230) {
            let genre = *self.vocabulary.genres.pick(&mut dice);
            if !genres.contains(&genre) {
                genres.push(genre);
            }
        }
        let mut styles = Vec::new();
        let wanted = dice.shaped(&[(0, 0), (130, 1), (500, 1), (800, 3), (1000, 5)]);
        for _ in 0..wanted {
            let style = *self.vocabulary.styles.pick(&mut dice);
            if !styles.contains(&style) {
                styles.push(style);
            }
        }
        let year = dice.shaped(&[(0, 1925), (60, 1958), (350, 1983), (700, 2001), (1000, 2026)]);
        Work { title, credits, genres, styles, year, is_compilation }
    }

    fn leads(&self, dice: &mut Dice, release: u64) -> Vec<Credit> {
        match dice.below(1000) {
            0..=9 => return vec![Credit::named(UNKNOWN_ARTIST, "Unknown Artist")],
            10..=13 => return vec![Credit::named(NO_ARTIST, "No Artist")],
            _ => {}
        }
        let mut credits = vec![self.lead(dice, release)];
        while credits.len() < 6 && dice.per_mille(150) {
            if let Some(last) = credits.last_mut() {
                last.join = self.vocabulary.joins.pick(dice);
            }
            credits.push(self.lead(dice, release));
        }
        if dice.per_mille(40)
            && let Some(last) = credits.last_mut()
        {
            // The old editor of Discogs wrote a comma here, and upstream still has it.
            last.join = ",";
        }
        credits
    }

    fn work_title(&self, dice: &mut Dice) -> String {
        let words = dice.shaped(&[(0, 1), (200, 2), (700, 4), (1000, 9)]);
        let title = self.title(dice, words);
        match dice.below(40) {
            0 => format!("{title} / {}", self.title(dice, 2)),
            1 => format!("{title} Vol. {}", dice.between(1, 12)),
            2 => format!("{title} EP"),
            3 => format!("{title} & {}", self.title(dice, 1)),
            4 => format!("{title} = {}", self.vocabulary.japanese.any(dice)),
            5 => format!("{} {}", self.vocabulary.cyrillic.any(dice), self.vocabulary.cyrillic.any(dice)),
            6 => format!("{title} ({} Mix)", self.title(dice, 1)),
            7 => format!("{title}, {}", dice.between(1950, 2024)),
            _ => title,
        }
    }
}
