//! Changes of the tables between two runs: columns added, removed, retyped or moved.

use super::profile::{ColumnProfile, Profile, TableProfile};
use super::{Finding, Kind};
use crate::contract::{Contract, Severity, Table};

/// Returns a finding for every table of either run. A change of a published table that breaks the SQL of its readers is
/// CRITICAL: a column that is removed, retyped, moved, or added before others.
pub fn schema_changes(contract: &Contract, before: &Profile, now: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in contract.tables.iter().filter(|table| !table.optional) {
        let changes = match (before.tables.get(&table.name), now.tables.get(&table.name)) {
            (Some(was), Some(is)) => Changes::between(was, is),
            (None, Some(_)) => Changes { lines: vec!["+ the table".to_owned()], breaking: false },
            (Some(_), None) => Changes { lines: vec!["- the table".to_owned()], breaking: true },
            (None, None) => continue,
        };
        findings.push(finding(table, changes, before));
    }
    for gone in before.tables.keys().filter(|name| contract.table(name).is_err()) {
        findings.push(Finding {
            check_name: format!("{gone}.schema"),
            kind: Kind::Drift,
            severity: Severity::Warn,
            value: 1,
            ok: false,
            details: format!("the contract has no such table; run {} holds it", before.run_id),
            sample: Vec::new(),
        });
    }
    findings
}

struct Changes {
    /// `+ name TYPE`, `- name TYPE`, `~ name TYPE -> TYPE`, as in a diff.
    lines: Vec<String>,
    breaking: bool,
}

impl Changes {
    fn between(was: &TableProfile, is: &TableProfile) -> Self {
        let mut lines = Vec::new();
        let find = |columns: &[ColumnProfile], name: &str| columns.iter().find(|column| column.name == name).cloned();
        for column in &was.columns {
            match find(&is.columns, &column.name) {
                None => lines.push(format!("- {} {}", column.name, column.data_type)),
                Some(there) if there.data_type != column.data_type => {
                    lines.push(format!("~ {} {} -> {}", column.name, column.data_type, there.data_type));
                }
                Some(_) => {}
            }
        }
        let names = |columns: &[ColumnProfile]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        // SQL that people wrote keeps its meaning as long as the old columns come first and unchanged.
        let begins_alike = names(&is.columns).starts_with(&names(&was.columns));
        let breaking = !lines.is_empty() || !begins_alike;
        for column in is.columns.iter().filter(|column| find(&was.columns, &column.name).is_none()) {
            lines.push(format!("+ {} {}", column.name, column.data_type));
        }
        if breaking && lines.is_empty() {
            lines.push(format!("~ the order: {}", names(&is.columns).join(", ")));
        }
        Changes { lines, breaking }
    }
}

fn finding(table: &Table, changes: Changes, before: &Profile) -> Finding {
    let broken = changes.breaking && table.published;
    let details = match changes.lines.as_slice() {
        [] => format!("the columns are those of run {}", before.run_id),
        lines => format!("against run {}: {}", before.run_id, lines.join("; ")),
    };
    Finding {
        check_name: format!("{}.schema", table.report_name()),
        kind: Kind::Drift,
        severity: match (broken, changes.breaking) {
            (true, _) => Severity::Critical,
            (false, true) => Severity::Warn,
            (false, false) => Severity::Info,
        },
        value: changes.lines.len() as u64,
        ok: !changes.breaking,
        details,
        sample: changes.lines,
    }
}
