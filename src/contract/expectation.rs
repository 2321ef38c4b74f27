//! How bad it is that rows break a rule, and how many of them may.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a failed check is. CRITICAL stops the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The check fails and stops the run.
    #[default]
    Critical,
    /// The check fails with a warning.
    Warn,
    /// The rows are reported, and the check passes.
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Critical => "CRITICAL",
            Severity::Warn => "WARN",
            Severity::Info => "INFO",
        })
    }
}

/// The expectation of a check: no row breaks the rule, or no more than a known share of the rows.
///
/// | severity | max_share | no row | within the share | more |
/// | --- | --- | --- | --- | --- |
/// | critical, warn | missing | passes | | fails with `severity` |
/// | info | missing | passes | | passes, reported |
/// | any | given | passes | passes, reported with `severity` | fails with `beyond` |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The severity of rows that break the rule, within `max_share` if it is given.
    pub severity: Severity,
    /// The share of the rows that may break the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_share: Option<f64>,
    /// The severity of a share larger than `max_share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<Severity>,
    /// The reason that rows are known to break the rule, for the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The result of comparing a count with an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The severity of the result.
    pub severity: Severity,
    /// Whether the check passes.
    pub ok: bool,
}

/// Rows that any share allows: in a tiny table one row exceeds every share.
pub const MAX_ROWS_WITHOUT_SHARE: u64 = 5;

impl Expectation {
    /// Requires that no row breaks the rule.
    pub fn critical() -> Self {
        Expectation::default()
    }

    /// Adds a reason for known rows if the contract gives none.
    pub fn because_by_default(mut self, why: &str) -> Self {
        if self.why.is_none() && self.is_known_upstream() {
            self.why = Some(why.to_owned());
        }
        self
    }

    /// Returns the severity of a share that is larger than `max_share`.
    pub fn severity_beyond(&self) -> Severity {
        self.beyond.unwrap_or(self.severity.min(Severity::Warn))
    }

    /// Whether rows are known to break the rule, so that a finding is about upstream and not about the pipeline.
    pub fn is_known_upstream(&self) -> bool {
        self.max_share.is_some() || self.severity != Severity::Critical
    }

    /// Compares the number of rows that break the rule with the expectation.
    ///
    /// `complete` is false for samples. References of a sample point outside of it, so a share holds there only if
    /// exceeding it is CRITICAL: such bounds are wide, and only ids mixed up by the pipeline exceed them.
    pub fn judge(&self, broken: u64, rows: u64, complete: bool) -> Verdict {
        let ok = match self.max_share {
            _ if broken == 0 => true,
            Some(_) if !complete && self.severity_beyond() != Severity::Critical => true,
            Some(share) => within_share(broken, rows, share),
            None => self.severity == Severity::Info,
        };
        let beyond = !ok && self.max_share.is_some();
        Verdict { severity: if beyond { self.severity_beyond() } else { self.severity }, ok }
    }

    /// Returns the expectation unless its fields contradict each other.
    ///
    /// # Errors
    /// Fails with the contradiction.
    pub fn validated(self) -> anyhow::Result<Self> {
        match self.contradiction() {
            Some((_, what)) => anyhow::bail!("{what}"),
            None => Ok(self),
        }
    }

    /// Returns the field that contradicts the others, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        let (severity, beyond) = (self.severity, self.severity_beyond());
        if self.max_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Some(("max_share", "max_share is a share, from 0 to 1".to_owned()));
        }
        if self.beyond.is_some() && self.max_share.is_none() {
            return Some(("beyond", "beyond needs a max_share to be beyond of".to_owned()));
        }
        if beyond > severity {
            let what = format!("beyond is {beyond}, which is less severe than severity {severity}");
            return Some(("beyond", what));
        }
        None
    }
}

/// Whether a count is within a share of the rows. A share of zero allows no row.
pub fn within_share(count: u64, rows: u64, max_share: f64) -> bool {
    count as f64 <= rows as f64 * max_share || (max_share > 0.0 && count <= MAX_ROWS_WITHOUT_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_held_only_to_bounds_that_are_critical() {
        let expect = |beyond| Expectation { severity: Severity::Info, max_share: Some(0.1), beyond, why: None };
        assert!(expect(None).judge(900, 1000, false).ok);
        let verdict = expect(Some(Severity::Critical)).judge(900, 1000, false);
        assert_eq!(verdict, Verdict { severity: Severity::Critical, ok: false });
    }
}
