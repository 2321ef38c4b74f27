//! JUnit XML, as CI systems read it: a suite for each kind of finding, a case for each check.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Report;
use crate::check::{Finding, Kind};
use crate::contract::Severity;

pub fn document(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attribute(("name", report.run.id().as_str())).write_inner_content(
        |writer| {
            for kind in Kind::ALL {
                suite(writer, report, kind)?;
            }
            Ok(())
        },
    )?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn suite(writer: &mut Writer<Vec<u8>>, report: &Report<'_>, kind: Kind) -> std::io::Result<()> {
    let findings: Vec<&Finding> = report.findings().of_kind(kind).collect();
    let failed = |severity| findings.iter().filter(|finding| !finding.ok && finding.severity == severity).count();
    let (tests, failures) = (findings.len().to_string(), failed(Severity::Critical).to_string());
    let skipped = (findings.iter().filter(|finding| !finding.ok).count() - failed(Severity::Critical)).to_string();
    let time = report.written.to_string();
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", kind.name()),
            ("tests", tests.as_str()),
            ("failures", failures.as_str()),
            ("errors", "0"),
            ("skipped", skipped.as_str()),
            ("timestamp", time.as_str()),
        ])
        .write_inner_content(|writer| findings.iter().try_for_each(|finding| case(writer, kind, finding)))?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, kind: Kind, finding: &Finding) -> std::io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attributes([("classname", kind.name()), ("name", finding.check_name.as_str())]);
    if finding.ok {
        element.write_empty()?;
        return Ok(());
    }
    let severity = finding.severity.to_string();
    let details = printable(&finding.details);
    element.write_inner_content(|writer| {
        if finding.severity == Severity::Critical {
            let sample = printable(&finding.sample.join("\n"));
            writer
                .create_element("failure")
                .with_attributes([("type", severity.as_str()), ("message", details.as_str())])
                .write_text_content(BytesText::new(&sample))?;
        } else {
            let message = format!("{severity}: {details}");
            writer.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// XML 1.0 has no place for control characters, and the data may hold some.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{FFFD}' } else { c }).collect()
}
