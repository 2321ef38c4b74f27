//! Weighted choice.

use super::dice::Dice;

/// Items with weights, drawn with one random number and one table look-up.
pub(super) struct Weighted<T> {
    items: Vec<T>,
    /// Indexes into `items`, each repeated in proportion to its weight. The length is a power of two.
    slots: Vec<u16>,
}

impl<T> Weighted<T> {
    /// Builds the table for 1 to 65,536 items. Each gets at least one slot.
    pub(super) fn new(weighted: impl IntoIterator<Item = (u64, T)>) -> Self {
        let (weights, items): (Vec<u64>, Vec<T>) = weighted.into_iter().unzip();
        let total = weights.iter().sum::<u64>().max(1);
        let length = (items.len() * 8).next_power_of_two().max(4096);
        let free = (length - items.len()) as u64;
        let mut slots = Vec::with_capacity(length);
        let mut before = 0;
        for (index, weight) in weights.iter().enumerate() {
            let after = before + weight;
            // Slots follow from running sums, so rounding leaves no slot unused.
            let count = 1 + after * free / total - before * free / total;
            slots.extend(std::iter::repeat_n(index as u16, count as usize));
            before = after;
        }
        Weighted { items, slots }
    }

    pub(super) fn pick(&self, dice: &mut Dice) -> &T {
        &self.items[usize::from(self.slots[dice.below(self.slots.len() as u64) as usize])]
    }

    /// Draws an item without regard to weights.
    pub(super) fn any(&self, dice: &mut Dice) -> &T {
        &self.items[dice.below(self.items.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::super::dice::Purpose;
    use super::*;

    #[test]
    fn items_come_as_often_as_they_weigh_and_none_is_lost() {
        let weighted = Weighted::new([(900, 'a'), (100, 'b'), (0, 'c')]);
        let mut dice = Dice::new(1, Purpose::Vocabulary, 0);
        let drawn: Vec<char> = (0..100_000).map(|_| *weighted.pick(&mut dice)).collect();
        let count = |item| drawn.iter().filter(|&&c| c == item).count();
        assert!((89_000..91_000).contains(&count('a')));
        assert!((9_000..11_000).contains(&count('b')));
        assert!((1..100).contains(&count('c')));
    }
}
