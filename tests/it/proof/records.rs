//! Generated records: what a record may hold in any order and number, with texts that are hard to read, written in every
//! way in which XML lets one write the same thing.

use super::Entity;
use super::choices::Choices;
use super::layout::{self, Kind, Layout};

/// A dump with a record for each list of choices.
pub fn dump(entity: Entity, records: &[Vec<u32>]) -> String {
    let mut xml = format!("<{}>\n", entity.name());
    for choices in records {
        let mut record = Record { xml, choices: Choices::new(choices) };
        record.element(layout::of(entity), 0);
        let between = *record.choices.one_of(&["\n", "", "\r\n", " \n\n"]);
        xml = record.xml;
        xml.push_str(between);
    }
    xml + &format!("</{}>\n", entity.name())
}

/// Deeper tracks and surprises than these teach nothing.
const MAX_DEPTH: usize = 8;

struct Record<'c> {
    xml: String,
    choices: Choices<'c>,
}

impl Record<'_> {
    fn element(&mut self, layout: &Layout, depth: usize) {
        self.xml.push('<');
        self.xml.push_str(layout.name);
        self.attributes(layout);

        let before_content = self.xml.len();
        let text_first = self.choices.once_in(2);
        if let Some(kind) = layout.text.filter(|_| text_first || layout.children.is_empty()) {
            let value = self.value(kind);
            self.text(&value);
        }
        if !layout.children.is_empty() && depth < MAX_DEPTH {
            self.children(layout, depth);
        }
        if self.xml.len() == before_content && !self.choices.once_in(2) {
            self.xml.push_str("/>");
            return;
        }
        self.xml.insert(before_content, '>');
        let space = *self.choices.one_of(&["", "", "", " ", "\n"]);
        self.xml.push_str(&format!("</{}{space}>", layout.name));
    }

    fn attributes(&mut self, layout: &Layout) {
        let mut known = layout.attributes.to_vec();
        if !known.is_empty() {
            let first = self.choices.below(known.len());
            known.rotate_left(first);
        }
        for (name, kind) in known {
            let kept = matches!(kind, Kind::OwnId) || self.choices.below(4) > 0;
            if !kept || self.choices.once_in(64) {
                continue;
            }
            let value = self.value(kind);
            let space = *self.choices.one_of(&[" ", " ", " ", "  ", "\n "]);
            let equals = *self.choices.one_of(&["=", "=", "=", " = "]);
            let quote = *self.choices.one_of(&['"', '"', '\'']);
            self.xml.push_str(&format!("{space}{name}{equals}{quote}"));
            for c in value.chars() {
                match c {
                    '<' | '&' => self.reference(c),
                    // Raw, they would be read as blanks.
                    '\n' | '\t' if self.choices.once_in(4) => self.xml.push(c),
                    '\n' | '\t' | '\r' => self.reference(c),
                    c if c == quote => self.reference(c),
                    c if (!c.is_ascii() || c.is_ascii_control()) && self.choices.once_in(4) => self.reference(c),
                    c => self.xml.push(c),
                }
            }
            self.xml.push(quote);
        }
        if self.choices.once_in(8) {
            self.xml.push(' ');
        }
    }

    fn children(&mut self, layout: &Layout, depth: usize) {
        // A record has one of nearly everything, a list some entries.
        let last = if layout.children.len() > 2 { 16 } else { 4 };
        while self.choices.below(last) != 0 {
            self.between();
            let child = *self.choices.one_of(layout.children);
            self.element(child, depth + 1);
        }
        self.between();
    }

    /// What may stand between tags without meaning anything.
    fn between(&mut self) {
        let nothing =
            ["", "", "", "", "", "\n", "\n  ", " ", "\t", "\r\n", "<!-- </artist></release> & <id>7</id> -->"];
        let nothing = *self.choices.one_of(&nothing);
        self.xml.push_str(nothing);
    }

    /// A text between tags.
    fn text(&mut self, value: &str) {
        match self.choices.below(8) {
            0..=2 => value.chars().for_each(|c| self.character(c)),
            3 => value.chars().for_each(|c| if c.is_ascii() { self.character(c) } else { self.reference(c) }),
            4 => {
                value.chars().for_each(|c| if self.choices.once_in(4) { self.reference(c) } else { self.character(c) })
            }
            5 => {
                let middle = value.chars().count() / 2;
                value.chars().take(middle).for_each(|c| self.character(c));
                let nothing = *self.choices.one_of(&["<!---->", "<!-- a & b < c </title> -->", "<![CDATA[]]>"]);
                self.xml.push_str(nothing);
                value.chars().skip(middle).for_each(|c| self.character(c));
            }
            _ if !fits_cdata(value) => value.chars().for_each(|c| self.character(c)),
            6 => self.xml.push_str(&format!("<![CDATA[{value}]]>")),
            _ => {
                let middle = value.char_indices().nth(value.chars().count() / 2).map_or(0, |(index, _)| index);
                let (first, second) = value.split_at(middle);
                first.chars().for_each(|c| self.character(c));
                self.xml.push_str(&format!("<![CDATA[{second}]]>"));
            }
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '&' | '<' | '>' | '\r' => self.reference(c),
            // All three line ends are one.
            '\n' => {
                let line_end = *self.choices.one_of(&["\n", "\n", "\n", "\r\n", "\r"]);
                // A line feed that is written right behind it would be of the same line end.
                let line_end = if self.xml.ends_with('\r') { "\r\n" } else { line_end };
                self.xml.push_str(line_end);
            }
            c => self.xml.push(c),
        }
    }

    fn reference(&mut self, c: char) {
        let named = match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' => Some("&quot;"),
            '\'' => Some("&apos;"),
            _ => None,
        };
        let number = u32::from(c);
        match (self.choices.below(4), named) {
            (0 | 1, Some(named)) => self.xml.push_str(named),
            (2, _) => self.xml.push_str(&format!("&#x{number:X};")),
            (3, _) => self.xml.push_str(&format!("&#x00{number:x};")),
            _ => self.xml.push_str(&format!("&#{number};")),
        }
    }

    fn value(&mut self, kind: Kind) -> String {
        let surely = match kind {
            Kind::Text => return self.free_text(),
            Kind::OwnId if !self.choices.once_in(16) => return self.choices.below(100_000).to_string(),
            Kind::OwnId | Kind::Id => IDS,
            Kind::Number => NUMBERS,
            Kind::Date => DATES,
            Kind::Duration => DURATIONS,
            Kind::Seconds => SECONDS,
            Kind::Flag => FLAGS,
        };
        if self.choices.once_in(8) {
            // Any of them may stand where it does not belong.
            let other = *self.choices.one_of(&[IDS, NUMBERS, DATES, DURATIONS, SECONDS, FLAGS, PIECES]);
            return (*self.choices.one_of(other)).to_owned();
        }
        (*self.choices.one_of(surely)).to_owned()
    }

    fn free_text(&mut self) -> String {
        let pieces = self.choices.below(4);
        (0..pieces).map(|_| *self.choices.one_of(PIECES)).collect()
    }
}

/// In a CDATA section a carriage return would be read as a line feed, and the section's end as its end. And one that
/// holds the end of a record and the start of another is not for the product, which looks for these in the bytes: it
/// refuses such a dump. Discogs writes no CDATA.
fn fits_cdata(text: &str) -> bool {
    !["\r", "]]>", RECORD_BOUNDARY].iter().any(|unfit| text.contains(unfit))
}

const RECORD_BOUNDARY: &str = "</release>\n<release id=\"9\">";

const IDS: &[&str] = &[
    "1",
    "26",
    "355",
    "0",
    "",
    "7",
    "12345678",
    " 42 ",
    "\u{a0}43\n",
    "007",
    "-5",
    "-0",
    "00",
    "abc",
    "12x",
    "+5",
    "-",
    "1.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999",
    "\u{663}",
    "\u{ff11}",
    "1 2",
    "1e3",
    "0x1",
    "2147483647",
    "2147483648",
];

const NUMBERS: &[&str] = &[
    "1",
    "2",
    "1999",
    "0",
    "",
    "197",
    "-1",
    "007",
    "+1",
    " 3 ",
    "1 ",
    "x",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "1111111111111111111111111111111111111111111111111111111111111111",
    "1.5",
    "\u{661}",
];

const DATES: &[&str] = &[
    "1999",
    "1999-03-00",
    "1999-03",
    "2020-12-31",
    "",
    "0000",
    "0000-00-00",
    "0001",
    "1980s",
    "200?",
    "199",
    "19999",
    "1999-3",
    "1999-03-1",
    "1999-03-01-01",
    "1999-",
    "-1999",
    "1999--01",
    "1999/03",
    " 1999 ",
    "\u{661}999",
    "\u{661}\u{669}\u{669}\u{669}",
    "1999-xx",
    "1999-99-99",
    "May 1999",
    "+199",
    "1999-03-00 ",
    "\u{ff11}9",
];

const DURATIONS: &[&str] = &[
    "3:45",
    "0:00",
    "",
    "1:02:03",
    "59:59",
    "60:00",
    "3:60",
    "3:5",
    "3:005",
    "03:45",
    "99999:59",
    "100000:00",
    "99999:59:59",
    "1:60:00",
    "1:2:03",
    "1:02:3",
    ":45",
    "3:",
    "3",
    "-3:45",
    "3:-5",
    "+3:45",
    "3:+5",
    "3.45",
    "3'45",
    "1:02:03:04",
    " 3:45 ",
    "3 :45",
    "3: 45",
    "\u{663}:45",
    "3:\u{664}5",
    "(3:45)",
    "00:00:00",
    "00000:01",
    "000000:01",
];

const SECONDS: &[&str] = &[
    "225",
    "0",
    "",
    "-1",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "3:45",
    " 5 ",
    "x",
    "+5",
    "1.5",
    "99999999999999999999",
];

const FLAGS: &[&str] = &["true", "false", "", " true ", "True", "FALSE", "1", "0", "yes", "\u{a0}false"];

const PIECES: &[&str] = &[
    "a",
    "B",
    " ",
    "Folk, World, & Country",
    "Crosby, Stills, Nash & Young",
    "; ",
    ", ",
    ": ",
    "[x]",
    "12\" & 'quoted'",
    "<b>",
    "</artist>",
    RECORD_BOUNDARY,
    "</label>",
    "<master id='1'>",
    "]]>",
    "]]",
    ">",
    "&amp;",
    "&#65;",
    "&",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "line\nline",
    "line\r\nline",
    "\0",
    "\u{7}",
    "\u{1d}",
    "\u{fffe}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{3000}",
    "\u{200b}",
    "\u{feff}",
    "Dahlb\u{e4}ck",
    "\u{2153} RPM",
    "\u{65e5}\u{672c}\u{8a9e}",
    "\u{1d11e}",
    "e\u{301}",
    "\u{10ffff}",
    "none",
    "NULL",
    "0",
    "-->",
    "<!--",
    "<![CDATA[",
];
