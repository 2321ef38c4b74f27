//! Makes text of the data safe for messages.

/// Returns at most `longest` characters of a name or path from the data, with `?` for each character that names do not
/// have. Messages and results must not contain arbitrary text of the data: Digdag evaluates expressions such as `${…}`.
pub(crate) fn shown(name: &str, longest: usize) -> String {
    name.chars().take(longest).map(|c| if belongs_to_names(c) { c } else { '?' }).collect()
}

fn belongs_to_names(c: char) -> bool {
    c.is_alphanumeric() || "/@()_-.: ".contains(c)
}
