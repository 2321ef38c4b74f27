//! Aliases, groups and their members, parent labels: relations whose two sides agree.
//!
//! Relations stay inside blocks of neighbours. Each block deals its positions like cards, and the card of a record
//! decides its relations, so each side can compute the other without a look-up.

use super::catalogue::Catalogue;
use super::dice::{Dice, Purpose};
use super::ids::{id, missing_id};
use super::plan::Entity;

/// The artists in a block, and the meaning of the cards: cliques of aliases, groups, members of groups.
const BLOCK: u64 = 64;
const GROUPS: std::ops::Range<u64> = 8..13;
const MEMBERS: std::ops::Range<u64> = 13..21;

const LABEL_BLOCK: u64 = 32;
const PARENTS: u64 = 2;
/// Cards 2 to 5 belong to parent 0 or 1.
const CHILDREN: std::ops::Range<u64> = 2..6;

/// A reference to another record: its id and its name.
pub(super) type Reference = (u64, String);

/// The relations of one artist.
#[derive(Default)]
pub(super) struct Family {
    pub(super) aliases: Vec<Reference>,
    pub(super) members: Vec<Reference>,
    pub(super) groups: Vec<Reference>,
}

/// The relations of one label.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) parent: Option<Reference>,
    pub(super) sublabels: Vec<Reference>,
}

/// A dealt block: the card of each position. `places` is a power of two, so an odd factor permutes the positions.
struct Deal {
    first: u64,
    places: u64,
    factor: u64,
    shift: u64,
}

impl Deal {
    fn new(dice: &mut Dice, ordinal: u64, places: u64) -> Self {
        let first = ordinal / places * places;
        Deal { first, places, factor: 2 * dice.below(places / 2) + 1, shift: dice.below(places) }
    }

    fn card(&self, ordinal: u64) -> u64 {
        ((ordinal - self.first) * self.factor + self.shift) % self.places
    }

    fn holder(&self, card: u64) -> u64 {
        let place = (0..self.places).find(|&place| self.card(self.first + place) == card);
        self.first + place.unwrap_or(0)
    }
}

impl Catalogue {
    pub(super) fn family(&self, ordinal: u64) -> Family {
        let mut dice = self.dice(Purpose::ArtistFamily, ordinal / BLOCK);
        let deal = Deal::new(&mut dice, ordinal, BLOCK);
        let first_clique = dice.between(2, 6);
        let rosters: Vec<u64> = GROUPS.map(|_| dice.below(256) | 1 << dice.below(8)).collect();
        let card = deal.card(ordinal);
        let reference = |card| {
            let holder = deal.holder(card);
            let name = self.artist_name(holder);
            (!name.is_empty()).then(|| (id(Entity::Artists, holder), name))
        };

        let mut family = Family::default();
        if card < GROUPS.start {
            let clique = if card < first_clique { 0..first_clique } else { first_clique..GROUPS.start };
            family.aliases = clique.filter(|&other| other != card).filter_map(reference).collect();
        } else if GROUPS.contains(&card) {
            let roster = rosters[(card - GROUPS.start) as usize];
            let sings = |member: &u64| roster >> (member - MEMBERS.start) & 1 == 1;
            family.members = MEMBERS.filter(sings).filter_map(reference).collect();
        } else if MEMBERS.contains(&card) {
            let bit = card - MEMBERS.start;
            let joined = |group: &u64| rosters[(group - GROUPS.start) as usize] >> bit & 1 == 1;
            family.groups = GROUPS.filter(joined).filter_map(reference).collect();
        }
        self.spoil(ordinal, &mut family);
        family
    }

    /// Adds errors that upstream has: the other side lacks the relation, or the other artist has no record.
    fn spoil(&self, ordinal: u64, family: &mut Family) {
        let mut dice = self.dice(Purpose::ArtistFamily, u64::MAX - ordinal);
        for list in [&mut family.aliases, &mut family.members, &mut family.groups] {
            if list.len() > 1 && dice.per_mille(30) {
                list.pop();
            }
            if !list.is_empty() && dice.per_mille(60) {
                let gone = missing_id(Entity::Artists, dice.below(ordinal + 1));
                list.push((gone, self.invented_artist(&mut dice)));
            }
        }
    }

    pub(super) fn tree(&self, ordinal: u64) -> Tree {
        let mut dice = self.dice(Purpose::LabelTree, ordinal / LABEL_BLOCK);
        let deal = Deal::new(&mut dice, ordinal, LABEL_BLOCK);
        let parents: Vec<u64> = CHILDREN.map(|_| dice.below(PARENTS)).collect();
        let card = deal.card(ordinal);
        let reference = |card| {
            let holder = deal.holder(card);
            let name = self.label_name(holder);
            (!name.is_empty()).then(|| (id(Entity::Labels, holder), name))
        };

        let mut tree = Tree::default();
        if card < PARENTS {
            let owns = |child: &u64| parents[(child - CHILDREN.start) as usize] == card;
            tree.sublabels = CHILDREN.filter(owns).filter_map(reference).collect();
        } else if CHILDREN.contains(&card) {
            tree.parent = reference(parents[(card - CHILDREN.start) as usize]);
        } else if self.dice(Purpose::LabelTree, u64::MAX - ordinal).per_mille(8) {
            let gone = missing_id(Entity::Labels, ordinal);
            tree.parent = Some((gone, format!("{} Records", self.capitalised(&mut dice))));
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_is_dealt_once() {
        for block in 0..50 {
            let mut dice = Dice::new(1, Purpose::ArtistFamily, block);
            let deal = Deal::new(&mut dice, block * BLOCK, BLOCK);
            let mut cards: Vec<u64> = (0..BLOCK).map(|place| deal.card(block * BLOCK + place)).collect();
            assert!((0..BLOCK).all(|card| deal.card(deal.holder(card)) == card));
            cards.sort_unstable();
            assert_eq!(cards, (0..BLOCK).collect::<Vec<u64>>());
        }
    }
}
