//! The result of a check, and the results of all checks of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contract::Severity;
use digdag_task::Failure;

/// The kind of error that a failed check points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An error of the pipeline; must be zero.
    Regression,
    /// An error that upstream is known for, within or beyond its bound.
    UpstreamAnomaly,
    /// A difference from the published run.
    Drift,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Kind; 3] = [Kind::Regression, Kind::UpstreamAnomaly, Kind::Drift];

    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Regression => "regression",
            Kind::UpstreamAnomaly => "upstream_anomaly",
            Kind::Drift => "drift",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Regression => "pipeline regressions",
            Kind::UpstreamAnomaly => "known upstream anomalies",
            Kind::Drift => "drift against what is published",
        })
    }
}

/// The result of a check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the check in reports.
    pub check_name: String,
    /// The kind of the check.
    pub kind: Kind,
    /// The severity that the expectation assigns to the value.
    pub severity: Severity,
    /// Rows that break the check; for `.rows` the rows there are; for drift what changed, in rows, bytes or columns.
    pub value: u64,
    /// Whether the check passes.
    pub ok: bool,
    /// The result in a sentence.
    pub details: String,
    /// Keys of a few of the rows that break it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample: Vec<String>,
}

/// The results of all checks: those that failed first, then by severity and by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Sorts findings, failed ones of a high severity first.
    pub fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| (a.ok, a.severity, &a.check_name).cmp(&(b.ok, b.severity, &b.check_name)));
        Findings(findings)
    }

    /// Returns the findings in the order of reports.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Returns the number of findings.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the failed findings of a severity.
    pub fn failed(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| !finding.ok && finding.severity == severity)
    }

    /// Returns the findings of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.kind == kind)
    }

    /// Lowers CRITICAL drift to a warning, after people have looked at it.
    pub fn accept_drift(self) -> Self {
        let accepted = self.0.into_iter().map(|finding| match finding {
            Finding { kind: Kind::Drift, severity: Severity::Critical, .. } => {
                Finding { severity: Severity::Warn, ..finding }
            }
            finding => finding,
        });
        Findings::new(accepted.collect())
    }

    /// Whether every failed CRITICAL check is one of drift.
    pub fn only_drift_failed(&self) -> bool {
        self.failed(Severity::Critical).all(|finding| finding.kind == Kind::Drift)
    }

    /// Whether nothing CRITICAL failed but tables that have rows, and too few of them.
    pub fn only_too_few_rows(&self) -> bool {
        self.failed(Severity::Critical).all(|finding| finding.check_name.ends_with(".rows") && finding.value > 0)
    }

    /// Returns the counts for the result and the manifest, in total and by kind.
    pub fn summary(&self) -> serde_json::Value {
        let count = |wanted: &dyn Fn(&Finding) -> bool| {
            let of = |severity| self.failed(severity).filter(|finding| wanted(finding)).count();
            serde_json::json!({
                "checks": self.iter().filter(|finding| wanted(finding)).count(),
                "critical_failed": of(Severity::Critical),
                "warnings": of(Severity::Warn),
            })
        };
        let mut summary = count(&|_| true);
        for kind in Kind::ALL {
            summary[kind.name()] = count(&|finding: &Finding| finding.kind == kind);
        }
        summary
    }

    /// Names the failed CRITICAL checks, each with its count and a few ids.
    ///
    /// # Errors
    /// Fails if a CRITICAL check failed.
    pub fn verdict(&self, of: &str, report: &str, hint: &str) -> Result<(), Failure> {
        let failed: Vec<_> = self.failed(Severity::Critical).map(Finding::in_short).collect();
        if failed.is_empty() {
            return Ok(());
        }
        let named = failed.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        let more = if failed.len() > 5 { format!("; and {} more", failed.len() - 5) } else { String::new() };
        Err(Failure::checks_failed(format!(
            "{of}: {} of {} checks failed: {named}{more}; all are in {report}",
            failed.len(),
            self.len()
        ))
        .hint(hint))
    }
}

impl Finding {
    /// Returns the name, the count and a few ids. Results hold no text of the data, so a sample is shown only if it is
    /// numeric.
    fn in_short(&self) -> String {
        let is_number = |sample: &&String| sample.bytes().all(|byte| byte.is_ascii_digit() || b", -".contains(&byte));
        let ids: Vec<_> = self.sample.iter().filter(is_number).take(3).map(String::as_str).collect();
        let ids = if ids.is_empty() { String::new() } else { format!(", such as {}", ids.join(" / ")) };
        format!("{} ({}{ids})", self.check_name, self.value)
    }
}
