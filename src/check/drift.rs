//! Differences from the published run: rows, keys, bytes, NULLs and the means of columns.

use super::profile::{ColumnProfile, Profile, TableProfile};
use super::{Finding, Kind};
use crate::contract::{Contract, DriftBounds, MAX_ROWS_WITHOUT_SHARE, Severity, Table};

/// The minimum number of values for a mean to be compared.
const VALUES_FOR_A_MEAN: u64 = 100;

/// The minimum size to be compared: a smaller file is more footer than data.
const BYTES_FOR_A_SIZE: u64 = 64 << 10;

/// Returns the findings for every table of both runs. A user's collection may change at will, so it is left out.
pub fn drift(contract: &Contract, bounds: &DriftBounds, before: &Profile, now: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in contract.tables.iter().filter(|table| !table.optional) {
        let (Some(was), Some(is)) = (before.tables.get(&table.name), now.tables.get(&table.name)) else { continue };
        let comparison = Comparison { table, bounds, run: before.run_id.as_str(), was, is };
        findings.extend([
            comparison.rows(),
            comparison.keys(),
            comparison.bytes(),
            comparison.nulls(),
            comparison.means(),
        ]);
    }
    findings
}

struct Comparison<'c> {
    table: &'c Table,
    bounds: &'c DriftBounds,
    run: &'c str,
    was: &'c TableProfile,
    is: &'c TableProfile,
}

impl Comparison<'_> {
    fn rows(&self) -> Finding {
        let (was, is) = (self.was.rows, self.is.rows);
        let bound = if is < was { &self.bounds.rows_fall } else { &self.bounds.rows_rise };
        let beyond = Some(change(was, is)).filter(|_| was.abs_diff(is) > MAX_ROWS_WITHOUT_SHARE);
        self.counted("rows", was, is, beyond.and_then(|change| bound.severity(change)))
    }

    fn keys(&self) -> Finding {
        let (was, is) = (self.was.keys, self.is.keys);
        // Two versions of the contract may count different columns.
        let fell =
            Some(change(was, is)).filter(|_| is + MAX_ROWS_WITHOUT_SHARE < was && self.was.keys_of == self.is.keys_of);
        self.counted("keys", was, is, fell.and_then(|change| self.bounds.keys_fall.severity(change)))
    }

    fn bytes(&self) -> Finding {
        let (was, is) = (self.was.bytes, self.is.bytes);
        let change = Some(change(was, is)).filter(|_| was.max(is) >= BYTES_FOR_A_SIZE);
        self.counted("bytes", was, is, change.and_then(|change| self.bounds.bytes.severity(change)))
    }

    fn counted(&self, what: &str, was: u64, is: u64, severity: Option<Severity>) -> Finding {
        let sign = if is < was { '-' } else { '+' };
        let details = format!("{is} {what}, {was} in run {}: {sign}{:.3} %", self.run, change(was, is) * 100.0);
        self.finding(what, was.abs_diff(is), severity, details, Vec::new())
    }

    fn nulls(&self) -> Finding {
        let share = |nulls: u64, rows: u64| if rows == 0 { 0.0 } else { nulls as f64 / rows as f64 };
        self.columns("nulls", |was, is| {
            let (before, now) = (share(was.nulls, self.was.rows), share(is.nulls, self.is.rows));
            let text = format!("{}: {:.3} % NULL, {:.3} % before", is.name, now * 100.0, before * 100.0);
            let enough = was.nulls.abs_diff(is.nulls) > MAX_ROWS_WITHOUT_SHARE && self.was.rows > 0 && self.is.rows > 0;
            let severity = self.bounds.nulls.severity((now - before).abs()).filter(|_| enough)?;
            Some((severity, text))
        })
    }

    fn means(&self) -> Finding {
        self.columns("means", |was, is| {
            let (before, now) = (was.mean?, is.mean?);
            let largest = before.abs().max(now.abs());
            let change = if largest == 0.0 { 0.0 } else { (now - before).abs() / largest };
            let what = if is.data_type == "VARCHAR" { "mean length" } else { "mean" };
            let text = format!("{}: {what} {now:.3}, {before:.3} before", is.name);
            let values = |table: &TableProfile, column: &ColumnProfile| table.rows.saturating_sub(column.nulls);
            let enough = values(self.was, was).min(values(self.is, is)) >= VALUES_FOR_A_MEAN;
            let severity = self.bounds.means.severity(change).filter(|_| enough)?;
            Some((severity, text))
        })
    }

    /// Returns one finding for all columns, with those that changed too far.
    fn columns(
        &self,
        what: &str,
        compare: impl Fn(&ColumnProfile, &ColumnProfile) -> Option<(Severity, String)>,
    ) -> Finding {
        let mut worst = None;
        let mut changes = Vec::new();
        for is in &self.is.columns {
            let Some(was) = self.was.columns.iter().find(|was| was.name == is.name) else { continue };
            let Some((severity, text)) = compare(was, is) else { continue };
            worst = Some(worst.map_or(severity, |worst: Severity| worst.min(severity)));
            changes.push(text);
        }
        let details = match changes.as_slice() {
            [] => format!("{what} of no column are far from those of run {}", self.run),
            changes => format!("against run {}: {}", self.run, changes.join("; ")),
        };
        self.finding(what, changes.len() as u64, worst, details, changes)
    }

    fn finding(
        &self,
        what: &str,
        value: u64,
        beyond: Option<Severity>,
        details: String,
        sample: Vec<String>,
    ) -> Finding {
        Finding {
            check_name: format!("{}.drift_{what}", self.table.report_name()),
            kind: Kind::Drift,
            severity: beyond.unwrap_or(Severity::Info),
            value,
            ok: beyond.is_none(),
            details,
            sample,
        }
    }
}

/// Returns the change as a share of the old value.
fn change(was: u64, is: u64) -> f64 {
    if was == 0 { if is == 0 { 0.0 } else { 1.0 } } else { was.abs_diff(is) as f64 / was as f64 }
}
