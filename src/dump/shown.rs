//! Text of the data in messages.

/// A name or path out of the data as messages and results may hold it: only characters of names, and no more than so many
/// of them. What else stands there may be anybody's text, or something that Digdag evaluates.
pub(crate) fn shown(name: &str, longest: usize) -> String {
    name.chars().take(longest).map(|c| if belongs_to_names(c) { c } else { '?' }).collect()
}

fn belongs_to_names(c: char) -> bool {
    c.is_alphanumeric() || "/@()_-.: ".contains(c)
}
