//! Random numbers that are the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The purpose of a stream of random numbers. Each part of a record has its own stream, so that a change of one part
/// leaves the others unchanged.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Vocabulary = 1,
    ArtistName,
    ArtistRecord,
    ArtistFamily,
    LabelName,
    LabelRecord,
    LabelTree,
    Work,
    MasterRecord,
    ReleaseRecord,
    Pressing,
    Images,
}

/// A stream of random integers from ChaCha8: one stream per seed, purpose and ordinal.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose, id: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&id.to_le_bytes());
        Dice(ChaCha8Rng::from_seed(key))
    }

    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Returns a number from 0 to `n` - 1, evenly distributed; 0 if `n` is 0. `n` must fit 32 bits.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        (u64::from(self.bits()) * n) >> 32
    }

    /// Returns a number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Returns a number from 0 to `n` - 1, low numbers far more often: a tenth of the draws fall into the first
    /// hundredth.
    pub(super) fn skewed(&mut self, n: u64) -> u64 {
        let u = u64::from(self.bits());
        (((u * u) >> 32) * n) >> 32
    }

    pub(super) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        items[self.below(N as u64) as usize]
    }

    /// Returns a number from the distribution that `points` describe: pairs of a per mille of the draws, from 0 to
    /// 1000, and a value, with straight lines between them.
    pub(super) fn shaped(&mut self, points: &[(u64, u64)]) -> u64 {
        let at = self.below(1000);
        for pair in points.windows(2) {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            if at < to {
                return low + (high - low) * (at - from) / (to - from).max(1);
            }
        }
        points.last().map_or(0, |&(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut dice = Dice::new(1, Purpose::ReleaseRecord, 7);
        let first: Vec<u32> = (0..3).map(|_| dice.bits()).collect();
        let mut again = Dice::new(1, Purpose::ReleaseRecord, 7);
        assert_eq!(first, (0..3).map(|_| again.bits()).collect::<Vec<u32>>());
        assert_ne!(first[0], Dice::new(2, Purpose::ReleaseRecord, 7).bits());
        assert_ne!(first[0], Dice::new(1, Purpose::MasterRecord, 7).bits());
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut dice = Dice::new(3, Purpose::Work, 0);
        for _ in 0..5000 {
            assert!(dice.below(3) < 3);
            assert!((5..=9).contains(&dice.between(5, 9)));
            assert!(dice.skewed(10_000_000) < 10_000_000);
            assert!((2..=90).contains(&dice.shaped(&[(0, 2), (500, 10), (1000, 90)])));
        }
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn a_shape_has_its_points() {
        let mut dice = Dice::new(3, Purpose::Work, 1);
        let drawn = (0..20_000).filter(|_| dice.shaped(&[(0, 0), (900, 10), (1000, 100)]) <= 10).count();
        assert!((17_500..18_700).contains(&drawn), "{drawn}");
    }
}
