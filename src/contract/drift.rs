//! Bounds of how far a run may differ from the published run.

use serde::{Deserialize, Serialize};

use super::Severity;

/// How far a run may be from the one that is published, as shares. What is not given is never too far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriftBounds {
    /// Of the rows of a table, fewer.
    pub rows_fall: Bound,
    /// Of the rows of a table, more.
    pub rows_rise: Bound,
    /// Of the distinct values of the first column of the key, fewer.
    pub keys_fall: Bound,
    /// Of the bytes of the files, either way.
    pub bytes: Bound,
    /// Of the rows, more or fewer with a NULL: the difference of two shares.
    pub nulls: Bound,
    /// Of the mean length of a text or the mean of a number, either way.
    pub means: Bound,
}

/// From where on a change is worth a warning, and from where on it stops the run.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bound {
    pub warn: Option<f64>,
    pub critical: Option<f64>,
}

impl Bound {
    /// How bad a change is; nothing where it is within both.
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
