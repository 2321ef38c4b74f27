//! The shared parts of the pages and CSV files of the checks and of the history: style sheet, numbers, cells.

mod number;
mod spreadsheet;

pub use number::{grouped, grouped_by, short};
pub use spreadsheet::plain_cell;

/// The style sheet: light and dark, narrow and wide, without external resources.
pub const STYLE: &str = include_str!("style.css");
