//! The reports of a check, kept in the run's `_reports/`:
//!
//! ```text
//! <name>.csv         check_name, severity, value, ok, details; failures first
//! <name>.json        everything
//! <name>.junit.xml   for CI systems; a failed CRITICAL is a failure, a WARN is skipped with its message     junit.rs
//! <name>.html        one page without external resources                               page.rs plot.rs
//! ```

mod changes;
mod history;
mod junit;
mod page;
mod plot;

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context;

use super::Findings;
use super::suite::Checked;
use crate::lake::Run;
use crate::page::plain_cell;

/// A report to be written.
pub struct Report<'r> {
    /// The run that was checked.
    pub run: &'r Run,
    /// The environment of the contract whose bounds applied.
    pub environment: &'r str,
    /// The time of the report.
    pub written: jiff::Timestamp,
    /// The results.
    pub checked: &'r Checked,
    /// When the verdict was reached, if it is reused.
    pub reused_from: Option<jiff::Timestamp>,
    /// Leave cells of the CSV unescaped that a spreadsheet would run as formulas.
    pub raw: bool,
}

impl Report<'_> {
    fn findings(&self) -> &Findings {
        &self.checked.findings
    }

    /// Writes every format and returns the path of the CSV.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub fn write(&self, name: &str) -> anyhow::Result<PathBuf> {
        let json = serde_json::json!({
            "run_id": self.run.id(),
            "environment": self.environment,
            "written": self.written,
            "verdict": match self.reused_from {
                Some(checked_at) => serde_json::json!({"reused": true, "checked_at": checked_at}),
                None => serde_json::json!({"reused": false, "checked_at": self.written}),
            },
            "compared_with": self.checked.baseline.run_id(),
            "summary": self.findings().summary(),
            "findings": self.findings(),
            "changes": changes::table_changes(self.checked),
            "profile": self.checked.profile,
            "figures": self.checked.figures,
        });
        self.run.write_report(&format!("{name}.json"), &serde_json::to_vec_pretty(&json)?)?;
        self.run.write_report(&format!("{name}.junit.xml"), &junit::document(self)?)?;
        let page = page::page(self, &history::of(self.run, &self.checked.profile)?);
        self.run.write_report(&format!("{name}.html"), page.into_string().as_bytes())?;
        self.run.write_report(&format!("{name}.csv"), &self.csv()?)
    }

    fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["check_name", "severity", "value", "ok", "details"])?;
        for finding in self.findings().iter() {
            let (severity, value) = (finding.severity.to_string(), finding.value.to_string());
            let details = if self.raw { Cow::Borrowed(finding.details.as_str()) } else { plain_cell(&finding.details) };
            csv.write_record([&finding.check_name, &severity, &value, &finding.ok.to_string(), &details.into_owned()])?;
        }
        csv.into_inner().context("the report cannot be written")
    }
}

/// Formats a time for the name of a report, in UTC.
pub fn in_names(time: jiff::Timestamp) -> String {
    time.strftime("%Y%m%d_%H%M%S").to_string()
}
