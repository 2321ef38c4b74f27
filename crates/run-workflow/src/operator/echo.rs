use super::as_text;
use crate::parameters::Parameters;
use crate::report;

/// Shows its text.
pub fn run(params: &Parameters) {
    let text = params.get("_command").map(as_text).unwrap_or_default();
    report::show(format!("{text}\n").as_bytes());
}
