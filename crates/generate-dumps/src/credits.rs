//! Artists and contributors of releases, masters and tracks.

use super::catalogue::Catalogue;
use super::dice::Dice;
use super::xml::Xml;

/// The longest credit name and role seen upstream, in characters.
const MAX_NAME_CHARS: usize = 4159;
const MAX_ROLE_CHARS: usize = 2655;

/// The ordinal of the release whose first contributor has both. It is low, so that small dumps contain them.
pub(super) const EXTREME_RELEASE: u64 = 1001;
const EXTREMES_ONE_IN: u64 = 100_000;

/// A credit of a release, a master or a track.
#[derive(Default)]
pub(super) struct Credit {
    /// `None` if no artist is linked; layouts that write empty elements write 0.
    pub(super) id: Option<u64>,
    pub(super) name: String,
    pub(super) anv: String,
    pub(super) join: &'static str,
    pub(super) role: String,
    pub(super) tracks: String,
}

impl Credit {
    pub(super) fn named(id: u64, name: &str) -> Self {
        Credit { id: Some(id), name: name.to_owned(), ..Credit::default() }
    }

    pub(super) fn write(&self, xml: &mut Xml) {
        xml.open("artist");
        match self.id {
            Some(id) => xml.number("id", id),
            None if xml.layout.writes_empty_elements() => xml.number("id", 0),
            None => {}
        }
        xml.element("name", &self.name);
        xml.optional("anv", &self.anv);
        xml.optional("join", self.join);
        xml.optional("role", &self.role);
        xml.optional("tracks", &self.tracks);
        xml.close("artist");
    }
}

pub(super) fn write_artists(xml: &mut Xml, tag: &str, credits: &[Credit]) {
    if credits.is_empty() {
        return;
    }
    xml.open(tag);
    credits.iter().for_each(|credit| credit.write(xml));
    xml.close(tag);
}

impl Catalogue {
    /// Draws an artist of a release.
    pub(super) fn lead(&self, dice: &mut Dice, release: u64) -> Credit {
        let (id, name) = self.some_artist(dice, release);
        let anv = if dice.per_mille(110) { self.variation(dice, &name) } else { String::new() };
        Credit { id: Some(id), name, anv, ..Credit::default() }
    }

    /// Draws a contributor with a role; some have no linked artist.
    pub(super) fn contributor(&self, dice: &mut Dice, release: u64) -> Credit {
        let mut credit = self.lead(dice, release);
        if dice.per_mille(24) {
            credit.id = None;
            credit.name = self.person(dice);
        }
        credit.role = self.role(dice);
        if dice.one_in(EXTREMES_ONE_IN) {
            let longest_name = 500 + dice.below(MAX_NAME_CHARS as u64 - 500) as usize;
            self.exaggerate(dice, &mut credit, longest_name, longest_name * MAX_ROLE_CHARS / MAX_NAME_CHARS);
        }
        credit
    }

    /// Returns the contributor with the longest name and role that upstream has.
    pub(super) fn extreme_contributor(&self, dice: &mut Dice) -> Credit {
        let mut credit = Credit::default();
        self.exaggerate(dice, &mut credit, MAX_NAME_CHARS, MAX_ROLE_CHARS);
        credit
    }

    /// Replaces the name and the role of a credit by texts of the given numbers of characters.
    fn exaggerate(&self, dice: &mut Dice, credit: &mut Credit, name: usize, role: usize) {
        credit.id = None;
        credit.anv = String::new();
        credit.name = cut(self.list_of_people(dice, name), name);
        credit.role = cut(self.list_of_roles(dice, role), role);
    }

    fn role(&self, dice: &mut Dice) -> String {
        let role = *self.vocabulary.roles.pick(dice);
        match dice.below(20) {
            0 => format!("{role} [{}]", self.title(dice, 2)),
            1 => format!("{role}, {}", self.vocabulary.roles.pick(dice)),
            _ => role.to_owned(),
        }
    }

    fn list_of_roles(&self, dice: &mut Dice, length: usize) -> String {
        let mut list = String::new();
        while list.chars().count() < length {
            list.push_str(self.vocabulary.roles.pick(dice));
            list.push_str(" [");
            list.push_str(&self.title(dice, 3));
            list.push_str("], ");
        }
        list
    }

    fn list_of_people(&self, dice: &mut Dice, length: usize) -> String {
        let mut list = String::new();
        while list.chars().count() < length {
            list.push_str(&self.person(dice));
            list.push_str(", ");
        }
        list
    }
}

/// Returns the first `length` characters of a text. Replaces a space at the end, because readers would trim it.
fn cut(text: String, length: usize) -> String {
    let mut text: String = text.chars().take(length).collect();
    if text.ends_with(' ') {
        text.pop();
        text.push('x');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;

    #[test]
    fn a_credit_without_a_page() {
        let credit = Credit { name: "A".to_owned(), ..Credit::default() };
        let written = |layout| {
            let mut xml = Xml::new(layout, 0);
            credit.write(&mut xml);
            String::from_utf8(xml.bytes).expect("UTF-8")
        };
        assert_eq!(written(Layout::Current), "<artist><name>A</name></artist>");
        assert_eq!(
            written(Layout::Y2020),
            "<artist><id>0</id><name>A</name><anv></anv><join></join><role></role><tracks></tracks></artist>"
        );
    }

    #[test]
    fn cut_text_has_its_length() {
        assert_eq!(cut("ab cd".to_owned(), 3), "abx");
        assert_eq!(cut("éé".to_owned(), 1), "é");
    }
}
