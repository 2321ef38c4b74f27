//! Cells of CSV files that people open in a spreadsheet.

use std::borrow::Cow;

/// Escapes a cell so that no spreadsheet runs it as a formula: puts an apostrophe in front of text that begins like
/// one. Numbers are unchanged.
pub fn plain_cell(cell: &str) -> Cow<'_, str> {
    let begins_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    match begins_a_formula && cell.parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_neutralised_and_a_number_is_not() {
        for (cell, plain) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("@SUM(1)", "'@SUM(1)"),
            ("+1+cmd", "'+1+cmd"),
            ("\t=1", "'\t=1"),
            ("-12.5", "-12.5"),
            ("Svek = label", "Svek = label"),
            ("", ""),
        ] {
            assert_eq!(plain_cell(cell), plain);
        }
    }
}
