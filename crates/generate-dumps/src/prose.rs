//! Profiles, notes and addresses.

use std::fmt::Write;

use super::catalogue::Catalogue;
use super::dice::Dice;
use super::names::push_capitalised;

/// The line ends of a text. Profiles were typed in browsers and keep CR LF; most notes have lost the CR.
#[derive(Clone, Copy)]
pub(super) enum LineEnd {
    CrLf,
    Lf,
}

impl LineEnd {
    fn text(self) -> &'static str {
        match self {
            LineEnd::CrLf => "\r\n",
            LineEnd::Lf => "\n",
        }
    }
}

impl Catalogue {
    /// Returns about `length` bytes of sentences with Discogs mark-up, broken into lines. Links draw on the catalogue
    /// at the ordinal `release`.
    pub(super) fn prose(&self, dice: &mut Dice, length: usize, line_end: LineEnd, release: u64) -> String {
        let mut text = String::with_capacity(length + 64);
        while text.len() < length {
            self.push_sentence(dice, &mut text, release);
            match dice.below(10) {
                0 => {
                    text.push_str(line_end.text());
                    text.push_str(line_end.text());
                }
                1..=3 => text.push_str(line_end.text()),
                _ => text.push(' '),
            }
        }
        if !dice.per_mille(60) {
            text.truncate(text.trim_end().len());
        }
        text
    }

    fn push_sentence(&self, dice: &mut Dice, text: &mut String, release: u64) {
        push_capitalised(text, self.vocabulary.words.pick(dice));
        for _ in 0..dice.between(3, 18) {
            text.push(' ');
            if dice.per_mille(70) {
                self.push_special(dice, text, release);
            } else {
                text.push_str(self.vocabulary.words.pick(dice));
            }
        }
        text.push_str(dice.one_of(&[".", ".", ".", ".", "", "!", ":", ";"]));
    }

    /// Appends something other than a plain word: a name, a link, a number, a character that XML reserves, another
    /// script.
    fn push_special(&self, dice: &mut Dice, text: &mut String, release: u64) {
        let written = match dice.below(24) {
            0 => write!(text, "[a={}]", self.some_artist(dice, release).1),
            1 => write!(text, "[l={}]", self.some_label(dice, release).1),
            2 => write!(text, "[a{}]", self.some_artist(dice, release).0),
            3 => write!(text, "[l{}]", self.some_label(dice, release).0),
            4 => write!(text, "[r{}] [m={}]", dice.between(1, 30_000_000), dice.between(1, 3_000_000)),
            5 => {
                let address = self.address(dice);
                write!(text, "[url={address}]{}[/url]", self.title(dice, 2))
            }
            6 => write!(text, "[b]{}[/b]", self.title(dice, 2)),
            7 => write!(text, "[i]{}[/i]", self.title(dice, 1)),
            8..=11 => write!(text, "{}", dice.between(1930, 2026)),
            12 => write!(text, "{}", self.catalogue_number(dice)),
            13 => write!(text, "{}:{:02}", dice.between(0, 79), dice.below(60)),
            14 => write!(text, "&"),
            15 => write!(text, "\"{}\"", self.vocabulary.words.any(dice)),
            16 => write!(text, "(p) & © {} {}", dice.between(1950, 2026), self.some_label(dice, release).1),
            17 => write!(text, "℗ {}", dice.between(1970, 2026)),
            18 => write!(text, "{} <{}>", self.vocabulary.words.any(dice), self.vocabulary.words.any(dice)),
            19 => write!(text, "{} > {}", dice.below(90), dice.between(90, 99)),
            20 => write!(text, "{}", self.vocabulary.cyrillic.pick(dice)),
            21 => write!(text, "{}", self.vocabulary.japanese.pick(dice)),
            22 if dice.one_in(30) => write!(text, "\u{2070e}\u{1d11e}"),
            22 => write!(text, "{}'s – “{}”", self.capitalised(dice), self.vocabulary.words.any(dice)),
            _ => write!(text, "{}", dice.below(100_000)),
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    /// Returns a web address in a domain that is reserved for examples (RFC 2606).
    pub(super) fn address(&self, dice: &mut Dice) -> String {
        let scheme = if dice.per_mille(550) { "https" } else { "http" };
        let (first, second) = (self.ascii_word(dice), self.ascii_word(dice));
        match dice.below(8) {
            0 => format!("{scheme}://www.{first}{second}.example"),
            1 => format!("{scheme}://www.{first}-{second}.example/"),
            2 => format!("{scheme}://{first}{second}.bandcamp.example/"),
            3 => format!("{scheme}://www.facebook.example/pages/{first}/{}", dice.between(10_000, 4_000_000_000)),
            4 => format!("{scheme}://soundcloud.example/{first}{second}"),
            5 => format!("{scheme}://en.wikipedia.example/wiki/{first}_{second}"),
            6 => format!("www.{first}.example/?id={}&lang={}", dice.below(10_000), dice.one_of(&["en", "de", "ja"])),
            _ => format!("{scheme}://twitter.example/{first}{}", dice.below(100)),
        }
    }

    /// Returns the postal address of a label in the form that people type.
    pub(super) fn contact(&self, dice: &mut Dice) -> String {
        let line_end = if dice.per_mille(800) { "\r\n" } else { "\n" };
        let word = self.ascii_word(dice);
        let mut lines = vec![
            self.title(dice, 2),
            format!("{} {} Street", dice.between(1, 9999), self.capitalised(dice)),
            format!("{}, {}", self.capitalised(dice), dice.between(10_000, 99_999)),
            (*self.vocabulary.countries.pick(dice)).to_owned(),
        ];
        if dice.per_mille(400) {
            lines.push(String::new());
            lines.push(format!("Tel: +{} {} {}", dice.between(1, 99), dice.between(100, 999), dice.below(10_000_000)));
        }
        if dice.per_mille(400) {
            lines.push(if dice.per_mille(150) {
                format!("email: <a href=\"mailto:info@{word}.example\">info@{word}.example</a>")
            } else {
                format!("info@{word}.example")
            });
        }
        if dice.per_mille(150) {
            lines.push(String::new());
        }
        lines.join(line_end)
    }

    pub(super) fn catalogue_number(&self, dice: &mut Dice) -> String {
        let mut letters = self.ascii_word(dice).to_uppercase();
        letters.truncate(4);
        match dice.below(8) {
            0 => "none".to_owned(),
            1 => format!("{letters}-{:03}", dice.below(400)),
            2 => format!("{letters} {}", dice.below(9000)),
            3 => format!("{:03} {:03}-{}", dice.below(1000), dice.below(1000), dice.below(10)),
            4 => format!("{letters}{:03}{}", dice.below(400), dice.one_of(&["LP", "CD", "D", "R", "X"])),
            5 => format!("{}", dice.between(1000, 99_999)),
            6 => format!("{} {} {:05} {}", dice.below(10), letters, dice.below(100_000), dice.below(10)),
            _ => format!("{letters} {:04}", dice.below(10_000)),
        }
    }

    /// Returns a word for addresses and catalogue numbers.
    fn ascii_word(&self, dice: &mut Dice) -> String {
        let word: String = self.vocabulary.words.any(dice).chars().filter(char::is_ascii).collect();
        if word.len() < 2 { format!("{word}ex") } else { word }
    }
}
