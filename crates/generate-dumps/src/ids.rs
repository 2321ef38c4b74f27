//! Ids of records, with the gaps that upstream has.

use super::plan::Entity;

/// Each span of 16 ids holds 14 records: upstream has gaps where records were merged or deleted.
const SPAN: u64 = 16;
const TAKEN: u64 = 14;

/// Artists that are credited although they have no record upstream: Various, Unknown Artist, No Artist.
pub(super) const VARIOUS: u64 = 194;
pub(super) const UNKNOWN_ARTIST: u64 = 355;
pub(super) const NO_ARTIST: u64 = 118_760;

/// Artists without a name upstream. Artist 668 stands in for artist 66827, which only a large dump contains.
pub(super) const NAMELESS_ARTISTS: [u64; 2] = [668, 66_827];
pub(super) const NAMELESS_LABEL: u64 = 212;

/// Returns the id of the record at `ordinal`, from 0. It rises with the ordinal and is the same for every seed.
pub(super) fn id(entity: Entity, ordinal: u64) -> u64 {
    let span = ordinal / TAKEN;
    let [first, second] = gaps(entity, span);
    let mut offset = ordinal % TAKEN;
    offset += u64::from(offset >= first);
    offset += u64::from(offset >= second);
    span * SPAN + offset + 1
}

/// Returns an id near the record at `ordinal` that no record has.
pub(super) fn missing_id(entity: Entity, ordinal: u64) -> u64 {
    let span = ordinal / TAKEN;
    span * SPAN + gaps(entity, span)[1] + 1
}

/// Returns the two positions of a span, in order, that no record has.
fn gaps(entity: Entity, span: u64) -> [u64; 2] {
    let mixed = mix(span * 4 + entity as u64);
    let [mut first, mut second] = [mixed % SPAN, (mixed / SPAN) % SPAN];
    let within = |id: &u64| (id - 1) / SPAN == span;
    let (never, always): (&[u64], &[u64]) = match entity {
        Entity::Artists => (&[VARIOUS, UNKNOWN_ARTIST, NO_ARTIST], &NAMELESS_ARTISTS),
        Entity::Labels => (&[], &[NAMELESS_LABEL]),
        Entity::Masters | Entity::Releases => (&[], &[]),
    };
    if let Some(id) = never.iter().copied().find(within) {
        first = (id - 1) % SPAN;
    }
    let kept = always.iter().copied().find(within).map(|id| (id - 1) % SPAN);
    if kept == Some(first) {
        first = (first + 1) % SPAN;
    }
    while second == first || kept == Some(second) {
        second = (second + 1) % SPAN;
    }
    if first < second { [first, second] } else { [second, first] }
}

/// Mixes the bits of a value with the finaliser of SplitMix64, so that neighbours lie far apart.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_with_small_gaps() {
        for entity in Entity::ALL {
            let ids: Vec<u64> = (0..5000).map(|ordinal| id(entity, ordinal)).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 5), "{entity:?}");
            assert!((0..5000).all(|ordinal| ids.binary_search(&missing_id(entity, ordinal)).is_err()), "{entity:?}");
        }
    }

    #[test]
    fn the_known_artists_and_labels_exist_or_do_not() {
        let artists: Vec<u64> = (0..110_000).map(|ordinal| id(Entity::Artists, ordinal)).collect();
        for absent in [VARIOUS, UNKNOWN_ARTIST, NO_ARTIST] {
            assert!(artists.binary_search(&absent).is_err(), "{absent}");
        }
        for present in NAMELESS_ARTISTS {
            assert!(artists.binary_search(&present).is_ok(), "{present}");
        }
        assert!((0..400).any(|ordinal| id(Entity::Labels, ordinal) == NAMELESS_LABEL));
    }
}
