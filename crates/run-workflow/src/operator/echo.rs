//! `echo>`: writes a text to stderr.

use super::{TaskError, command_text};
use crate::parameters::Parameters;
use crate::report;

/// Writes the text to stderr.
///
/// # Errors
/// Returns an error if the command is not text.
pub fn run(params: &Parameters) -> Result<(), TaskError> {
    report::show_text(&format!("{}\n", command_text(params)?));
    Ok(())
}
