/// Numbers that decide what is generated. Fewer of them make less, so that a small counterexample is found by leaving
/// out of the list what is not needed, regardless of the test.
pub struct Choices<'c>(std::slice::Iter<'c, u32>);

impl<'c> Choices<'c> {
    pub fn new(numbers: &'c [u32]) -> Self {
        Choices(numbers.iter())
    }

    /// A number below `bound`; 0 when the choices are used up.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.next().map_or(0, |&number| number as usize % bound)
    }

    /// True once in `n` times, never when the choices are used up.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub fn one_of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }
}

/// The list without what may be left out with `fails` still true: halves first, single ones last.
pub fn shortest<T: Clone>(mut list: Vec<T>, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut size = list.len().div_ceil(2);
    while size > 0 && !list.is_empty() {
        let mut from = 0;
        while from < list.len() {
            let upto = (from + size).min(list.len());
            let shorter = [&list[..from], &list[upto..]].concat();
            if fails(&shorter) {
                list = shorter;
            } else {
                from = upto;
            }
        }
        size /= 2;
    }
    list
}
