//! The invented catalogue that all dumps are written from.

use super::dice::{Dice, Purpose};
use super::ids;
use super::plan::{Counts, Entity, Plan};
use super::vocabulary::Vocabulary;

/// The first month without `release@status`, which upstream removed between the dumps of 2025-12 and 2026-03.
const FIRST_MONTH_WITHOUT_STATUS: &str = "2026-01";

/// The invented artists, labels and works. Each is a function of the seed and an ordinal (the position of a record in
/// its dump, from 0), so none is stored.
pub(super) struct Catalogue {
    pub(super) seed: u64,
    pub(super) counts: Counts,
    pub(super) vocabulary: Vocabulary,
    pub(super) writes_status: bool,
    pub(super) writes_unknown_element: bool,
}

impl Catalogue {
    pub(super) fn new(plan: &Plan) -> Self {
        Catalogue {
            seed: plan.seed,
            counts: plan.counts,
            vocabulary: Vocabulary::new(plan.seed),
            writes_status: plan.layout != super::Layout::Current || plan.month.as_str() < FIRST_MONTH_WITHOUT_STATUS,
            writes_unknown_element: plan.unknown_element,
        }
    }

    pub(super) fn dice(&self, purpose: Purpose, id: u64) -> Dice {
        Dice::new(self.seed, purpose, id)
    }

    /// Returns the number of artists that the release at this ordinal can credit. It depends only on the ordinal, so it
    /// is the same in a larger dump; its minimum gives the first releases a choice.
    fn artists_at(&self, release: u64) -> u64 {
        Counts::for_releases(release).artists.max(64).min(self.counts.artists)
    }

    fn labels_at(&self, release: u64) -> u64 {
        Counts::for_releases(release).labels.max(16).min(self.counts.labels)
    }

    /// Draws an artist that has a record and a name; returns the id and the name.
    pub(super) fn some_artist(&self, dice: &mut Dice, release: u64) -> (u64, String) {
        let ordinal = dice.skewed(self.artists_at(release));
        let named = if ids::NAMELESS_ARTISTS.contains(&ids::id(Entity::Artists, ordinal)) { 0 } else { ordinal };
        (ids::id(Entity::Artists, named), self.artist_name(named))
    }

    /// Draws a label that has a record and a name; returns the id and the name. Discogs keeps companies and series as
    /// labels.
    pub(super) fn some_label(&self, dice: &mut Dice, release: u64) -> (u64, String) {
        let ordinal = dice.skewed(self.labels_at(release));
        let named = if ids::id(Entity::Labels, ordinal) == ids::NAMELESS_LABEL { 0 } else { ordinal };
        (ids::id(Entity::Labels, named), self.label_name(named))
    }

    /// Returns the ordinal of a release from about the same time as the artist or label at this ordinal, so that texts
    /// of artists and labels can draw on the catalogue too.
    pub(super) fn release_beside(&self, entity: Entity, ordinal: u64) -> u64 {
        match entity {
            Entity::Artists => ordinal * 100 / 53,
            Entity::Labels => ordinal * 1000 / 124,
            Entity::Masters => ordinal * 15 / 2,
            Entity::Releases => ordinal,
        }
    }

    /// Returns whether the record at this ordinal gets an element and an attribute that no table reads; few records do.
    pub(super) fn has_unknown_element(&self, ordinal: u64) -> bool {
        self.writes_unknown_element && ordinal % 97 == 5
    }
}

/// Returns whether a rare anomaly of upstream occurs at this record: once at a fixed ordinal early in the dump, so that
/// small dumps have it, and then in one record of `one_in`.
pub(super) fn oddity(dice: &mut Dice, ordinal: u64, first_at: u64, one_in: u64) -> bool {
    dice.one_in(one_in) || ordinal == first_at
}
