//! What the pages have in common, those of the checks and that of the history: how they look, and how numbers are written.

mod number;
mod spreadsheet;

pub use number::{grouped, grouped_by, short};
pub use spreadsheet::plain_cell;

/// Light and dark, narrow and wide; nothing from elsewhere.
pub const STYLE: &str = include_str!("style.css");
