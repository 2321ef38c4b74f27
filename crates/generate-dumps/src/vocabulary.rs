//! The vocabulary: invented words, and the closed lists of Discogs.

use std::collections::BTreeSet;

use super::dice::{Dice, Purpose};
use super::weighted::Weighted;

type List = Weighted<&'static str>;

/// Words to draw from, each with its frequency.
pub(super) struct Vocabulary {
    /// Invented lower-case words in Latin script, a few hundred of them with accents.
    pub(super) words: Weighted<Box<str>>,
    pub(super) cyrillic: Weighted<Box<str>>,
    pub(super) japanese: Weighted<Box<str>>,
    pub(super) genres: List,
    pub(super) styles: List,
    pub(super) countries: List,
    pub(super) formats: List,
    pub(super) format_descriptions: List,
    pub(super) format_texts: List,
    pub(super) roles: List,
    pub(super) joins: List,
    pub(super) identifier_types: List,
    pub(super) identifier_descriptions: List,
    /// The `entity_type` and `entity_type_name` of a company, with a tab between them.
    pub(super) company_roles: List,
}

const WORDS: usize = 6000;
const CYRILLIC_WORDS: usize = 500;
const JAPANESE_WORDS: usize = 500;

impl Vocabulary {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Vocabulary, 0);
        Vocabulary {
            words: ranked(&mut dice, WORDS, latin_word),
            cyrillic: ranked(&mut dice, CYRILLIC_WORDS, cyrillic_word),
            japanese: ranked(&mut dice, JAPANESE_WORDS, japanese_word),
            genres: list(include_str!("vocabulary/genres.txt")),
            styles: list(include_str!("vocabulary/styles.txt")),
            countries: list(include_str!("vocabulary/countries.txt")),
            formats: list(include_str!("vocabulary/formats.txt")),
            format_descriptions: list(include_str!("vocabulary/format_descriptions.txt")),
            format_texts: list(include_str!("vocabulary/format_texts.txt")),
            roles: list(include_str!("vocabulary/roles.txt")),
            joins: list(include_str!("vocabulary/joins.txt")),
            identifier_types: list(include_str!("vocabulary/identifier_types.txt")),
            identifier_descriptions: list(include_str!("vocabulary/identifier_descriptions.txt")),
            company_roles: list(include_str!("vocabulary/company_roles.txt")),
        }
    }
}

/// Parses lines of weight, tab, text.
fn list(text: &'static str) -> List {
    Weighted::new(text.lines().filter_map(|line| line.split_once('\t')).map(|(weight, item)| {
        let weight: u64 = weight.parse().unwrap_or(0);
        (weight, item)
    }))
}

/// Returns distinct words with frequencies that fall as in a natural language (Zipf's law).
fn ranked(dice: &mut Dice, count: usize, word: fn(&mut Dice, usize) -> String) -> Weighted<Box<str>> {
    let mut known = BTreeSet::new();
    let mut words = Vec::with_capacity(count);
    let mut tries = 0;
    while words.len() < count {
        // Once all short words are taken, longer ones are drawn.
        let candidate = word(dice, words.len() + tries / 4);
        tries += 1;
        if known.insert(candidate.clone()) {
            words.push(candidate.into_boxed_str());
        }
    }
    Weighted::new(words.into_iter().enumerate().map(|(rank, word)| (1_000_000 / (rank as u64 + 6), word)))
}

const ONSETS: [&str; 32] = [
    "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "b", "d", "l", "m", "n", "r", "s",
    "t", "br", "ch", "dr", "pl", "sh", "st", "tr", "z",
];
const VOWELS: [&str; 13] = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "e", "ai", "ea", "ou"];
const ACCENTED: [&str; 8] = ["é", "ä", "ö", "ø", "ü", "á", "ñe", "ça"];
const CODAS: [&str; 16] = ["", "", "", "", "", "", "", "", "", "n", "r", "s", "l", "t", "nd", "x"];

fn latin_word(dice: &mut Dice, rank: usize) -> String {
    let syllables = match rank {
        0..150 => 1,
        150..1500 => 2,
        _ => dice.between(2, 4),
    };
    let mut word = String::new();
    for _ in 0..syllables {
        if word.is_empty() || dice.per_mille(900) {
            word.push_str(dice.one_of(&ONSETS));
        }
        let vowel = if dice.per_mille(30) { dice.one_of(&ACCENTED) } else { dice.one_of(&VOWELS) };
        word.push_str(vowel);
        word.push_str(dice.one_of(&CODAS));
    }
    word
}

fn cyrillic_word(dice: &mut Dice, rank: usize) -> String {
    let syllables = if rank < 40 { 1 } else { dice.between(2, 4) };
    let mut word = String::new();
    for _ in 0..syllables {
        word.push(dice.one_of(&['б', 'в', 'г', 'д', 'ж', 'з', 'к', 'л', 'м', 'н', 'п', 'р', 'с', 'т', 'х', 'ш']));
        word.push(dice.one_of(&['а', 'е', 'и', 'о', 'у', 'ы', 'я', 'ё']));
    }
    word
}

fn japanese_word(dice: &mut Dice, rank: usize) -> String {
    let length = if rank < 100 { 2 } else { dice.between(2, 5) };
    let katakana = dice.per_mille(600);
    (0..length)
        .map(|_| {
            if katakana {
                dice.one_of(&['ア', 'イ', 'カ', 'キ', 'サ', 'シ', 'タ', 'ナ', 'ハ', 'マ', 'ラ', 'リ', 'ル', 'ン', 'ー'])
            } else {
                dice.one_of(&['山', '川', '田', '音', '光', '夜', '風', '海', '花', '月', '東', '京', '楽', '心', '星'])
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_list_is_read_whole() {
        for text in [
            include_str!("vocabulary/genres.txt"),
            include_str!("vocabulary/styles.txt"),
            include_str!("vocabulary/roles.txt"),
            include_str!("vocabulary/company_roles.txt"),
        ] {
            for line in text.lines() {
                let (weight, item) = line.split_once('\t').expect("weight, tab, item");
                assert!(weight.parse::<u64>().is_ok() && !item.trim().is_empty(), "{line}");
            }
        }
    }
}
