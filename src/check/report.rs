use std::path::PathBuf;

use anyhow::Context;

use super::Findings;
use crate::lake::Run;

/// Keeps the findings under `_reports/<name>.csv` and `.json`. Gives the path of the CSV.
///
/// The CSV has the five columns that people know: check_name, severity, value, ok, details.
pub fn write_reports(run: &Run, name: &str, findings: &Findings) -> anyhow::Result<PathBuf> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["check_name", "severity", "value", "ok", "details"])?;
    for finding in findings.iter() {
        let (severity, value) = (finding.severity.to_string(), finding.value.to_string());
        csv.write_record([&finding.check_name, &severity, &value, &finding.ok.to_string(), &finding.details])?;
    }
    let csv = csv.into_inner().context("the report cannot be written")?;
    let json = serde_json::json!({
        "run_id": run.id(),
        "written": jiff::Timestamp::now(),
        "summary": findings.summary(),
        "findings": findings,
    });
    run.write_report(&format!("{name}.json"), &serde_json::to_vec_pretty(&json)?)?;
    run.write_report(&format!("{name}.csv"), &csv)
}

/// The time in the names of reports, UTC.
pub fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S").to_string()
}
