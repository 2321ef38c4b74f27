//! CSV for people, who open it in a spreadsheet.

use std::borrow::Cow;

/// Returns a cell that no spreadsheet runs as a formula: text that begins like one gets an apostrophe in front. Numbers
/// stay as they are.
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
