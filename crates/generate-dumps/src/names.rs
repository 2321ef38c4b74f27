//! Names of artists and labels, and titles.

use super::catalogue::Catalogue;
use super::dice::{Dice, Purpose};
use super::ids;
use super::plan::Entity;

/// The per mille of names that carry a number because another artist has the same name: `Name (2)`.
const HOMONYMS: u64 = 90;

impl Catalogue {
    /// Returns the name of the artist at `ordinal`; empty for the artists that have no name upstream.
    pub(super) fn artist_name(&self, ordinal: u64) -> String {
        if ids::NAMELESS_ARTISTS.contains(&ids::id(Entity::Artists, ordinal)) {
            return String::new();
        }
        let mut dice = self.dice(Purpose::ArtistName, ordinal);
        let homonym = dice.per_mille(HOMONYMS) && ordinal > 0;
        let mut name = if homonym {
            // Draws the other artist's name like that artist does, without its number.
            let mut namesake = self.dice(Purpose::ArtistName, dice.below(ordinal));
            namesake.per_mille(HOMONYMS);
            let number = 2 + dice.skewed(30);
            format!("{} ({number})", self.invented_artist(&mut namesake))
        } else {
            self.invented_artist(&mut dice)
        };
        if dice.one_in(250) {
            name.push('\u{a0}');
        }
        name
    }

    /// Returns the name of the label at `ordinal`; empty for the label that has no name upstream.
    pub(super) fn label_name(&self, ordinal: u64) -> String {
        if ids::id(Entity::Labels, ordinal) == ids::NAMELESS_LABEL {
            return String::new();
        }
        let mut dice = self.dice(Purpose::LabelName, ordinal);
        let dice = &mut dice;
        let mut name = match dice.below(1000) {
            0..=349 => format!("{} Records", self.capitalised(dice)),
            350..=449 => format!("{} Recordings", self.capitalised(dice)),
            450..=529 => format!("{} Music", self.capitalised(dice)),
            530..=589 => format!("{} {}", self.capitalised(dice), self.capitalised(dice)),
            590..=739 => self.capitalised(dice),
            740..=779 => format!("{} {} Ltd.", self.capitalised(dice), self.capitalised(dice)),
            780..=809 => format!("{} Publishing, Inc.", self.capitalised(dice)),
            810..=829 => format!("{}, {} & {}", self.capitalised(dice), self.capitalised(dice), self.capitalised(dice)),
            830..=839 => format!("{}; {}", self.capitalised(dice), self.capitalised(dice)),
            840..=899 => {
                let artist = self.person(dice);
                format!("Not On Label ({artist} Self-released)")
            }
            900..=939 => format!("{} Studios, {}", self.capitalised(dice), self.capitalised(dice)),
            940..=954 => format!("{} \"{}\"", self.capitalised(dice), self.capitalised(dice)),
            955..=969 => capitalise(self.vocabulary.cyrillic.any(dice)),
            970..=984 => self.japanese(dice),
            _ => format!("{} & {}", self.capitalised(dice), self.capitalised(dice)),
        };
        if dice.per_mille(80) {
            name.push_str(&format!(" ({})", 2 + dice.skewed(20)));
        }
        if dice.one_in(250) {
            name.push('\u{a0}');
        }
        name
    }

    pub(super) fn invented_artist(&self, dice: &mut Dice) -> String {
        match dice.below(1000) {
            0..=479 => self.person(dice),
            480..=519 => format!("{}. {}", initial(&self.capitalised(dice)), self.capitalised(dice)),
            520..=599 => format!("The {}s", self.capitalised(dice)),
            600..=699 => self.title(dice, 2),
            700..=799 => self.capitalised(dice),
            800..=824 => format!("DJ {}", self.capitalised(dice)),
            825..=849 => format!("{} & {}", self.person(dice), self.person(dice)),
            850..=869 => format!("{}, {} & {}", self.capitalised(dice), self.capitalised(dice), self.capitalised(dice)),
            870..=884 => format!("{}, {}", self.capitalised(dice), self.capitalised(dice)),
            885..=889 => format!("{}; {}", self.capitalised(dice), self.person(dice)),
            890..=904 => format!("{} And His Orchestra", self.person(dice)),
            905..=924 => format!("{}-{}", self.capitalised(dice), self.capitalised(dice)),
            925..=949 => self.cyrillic_person(dice),
            950..=979 => self.japanese(dice),
            980..=984 => fraktur(self.vocabulary.words.any(dice)),
            985..=989 => format!("<{}>", self.capitalised(dice)),
            _ => format!("{} {}", dice.between(2, 999), self.capitalised(dice)),
        }
    }

    pub(super) fn person(&self, dice: &mut Dice) -> String {
        // Given names repeat; surnames rarely do.
        let given = capitalise(self.vocabulary.words.pick(dice));
        format!("{given} {}", self.capitalised(dice))
    }

    /// Returns a variation of a name, as on sleeves: an initial, capitals, a part of it.
    pub(super) fn variation(&self, dice: &mut Dice, name: &str) -> String {
        let name = name.rsplit_once(" (").map_or(name, |(name, _number)| name);
        let words: Vec<&str> = name.split_whitespace().collect();
        match (dice.below(4), words.as_slice()) {
            (0, [first, .., last]) => format!("{}. {last}", initial(first)),
            (1, [.., last]) if words.len() > 1 => (*last).to_owned(),
            (2, _) => name.to_uppercase(),
            _ => format!("{name} {}", self.capitalised(dice)),
        }
    }

    /// Returns a title of `words` words, each capitalised.
    pub(super) fn title(&self, dice: &mut Dice, words: u64) -> String {
        let mut title = String::new();
        for _ in 0..words {
            if !title.is_empty() {
                title.push(' ');
            }
            push_capitalised(&mut title, self.vocabulary.words.pick(dice));
        }
        title
    }

    /// Returns a word of the vocabulary, capitalised.
    pub(super) fn capitalised(&self, dice: &mut Dice) -> String {
        capitalise(self.vocabulary.words.any(dice))
    }

    fn cyrillic_person(&self, dice: &mut Dice) -> String {
        let given = capitalise(self.vocabulary.cyrillic.pick(dice));
        format!("{given} {}", capitalise(self.vocabulary.cyrillic.any(dice)))
    }

    fn japanese(&self, dice: &mut Dice) -> String {
        let first = self.vocabulary.japanese.any(dice).to_string();
        format!("{first}{}", self.vocabulary.japanese.any(dice))
    }
}

pub(super) fn capitalise(word: &str) -> String {
    let mut text = String::with_capacity(word.len() + 1);
    push_capitalised(&mut text, word);
    text
}

pub(super) fn push_capitalised(text: &mut String, word: &str) {
    let mut chars = word.chars();
    if let Some(first) = chars.next() {
        text.extend(first.to_uppercase());
        text.push_str(chars.as_str());
    }
}

fn initial(name: &str) -> char {
    name.chars().next().unwrap_or('X')
}

/// Returns the word in letters outside the Basic Multilingual Plane, as some sleeves set it.
fn fraktur(word: &str) -> String {
    word.chars()
        .map(|letter| match letter {
            'a'..='z' => char::from_u32(0x1d51e + u32::from(letter) - u32::from('a')).unwrap_or(letter),
            _ => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraktur_letters_need_four_bytes() {
        assert_eq!(fraktur("az"), "\u{1d51e}\u{1d537}");
        assert_eq!(fraktur("é"), "é");
    }

    #[test]
    fn capitals_of_any_script() {
        assert_eq!((capitalise("éa").as_str(), capitalise("жа").as_str(), capitalise("")), ("Éa", "Жа", String::new()));
    }
}
