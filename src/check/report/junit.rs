//! JUnit XML for CI systems: a test suite for each kind of finding, a test case for each check.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::check::{Finding, Kind};
use crate::contract::Severity;

/// Returns the report as JUnit XML. A failed CRITICAL check is a failure; a WARN is skipped with its message.
///
/// # Errors
/// Fails if the document cannot be serialised.
pub fn document(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let mut document = quick_junit::Report::new(report.run.id().as_str());
    for kind in Kind::ALL {
        let mut suite = TestSuite::new(kind.name());
        suite.extra.insert("timestamp".into(), report.written.to_string().into());
        suite.add_test_cases(report.findings().of_kind(kind).map(case));
        document.add_test_suite(suite);
    }
    Ok(document.to_string()?.into_bytes())
}

fn case(finding: &Finding) -> TestCase {
    let mut case = TestCase::new(finding.check_name.as_str(), status(finding));
    case.set_classname(finding.kind.name());
    case
}

fn status(finding: &Finding) -> TestCaseStatus {
    if finding.ok {
        return TestCaseStatus::success();
    }
    let severity = finding.severity.to_string();
    let details = printable(&finding.details);
    if finding.severity == Severity::Critical {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(severity).set_message(details).set_description(printable(&finding.sample.join("\n")));
        return status;
    }
    let mut status = TestCaseStatus::skipped();
    status.set_message(format!("{severity}: {details}"));
    status
}

/// Replaces control characters, which XML 1.0 cannot hold and the data may contain.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{FFFD}' } else { c }).collect()
}
