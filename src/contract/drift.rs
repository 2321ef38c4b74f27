//! Bounds of how far a run may differ from the published run.

use serde::{Deserialize, Serialize};

use super::Severity;

/// How far a run may differ from the published run, as shares. A bound that is missing is never exceeded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriftBounds {
    /// Fewer rows of a table.
    pub rows_fall: Bound,
    /// More rows of a table.
    pub rows_rise: Bound,
    /// Fewer distinct values of the first column of the key.
    pub keys_fall: Bound,
    /// More or fewer bytes of the files.
    pub bytes: Bound,
    /// More or fewer NULLs, as the difference of two shares of the rows.
    pub nulls: Bound,
    /// A larger or smaller mean length of texts or mean of numbers.
    pub means: Bound,
}

/// The shares beyond which a change is a warning, and beyond which it stops the run.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bound {
    /// The share beyond which a change is a warning.
    pub warn: Option<f64>,
    /// The share beyond which a change is CRITICAL.
    pub critical: Option<f64>,
}

impl Bound {
    /// Returns the severity of a change; `None` if it is within both bounds.
    pub fn severity(&self, change: f64) -> Option<Severity> {
        let beyond = |bound: Option<f64>| bound.is_some_and(|bound| change > bound);
        if beyond(self.critical) {
            Some(Severity::Critical)
        } else if beyond(self.warn) {
            Some(Severity::Warn)
        } else {
            None
        }
    }
}
