//! Checks of every text column, from the profile.

use super::profile::{ColumnProfile, TableProfile};
use super::{Finding, Kind};
use crate::contract::{Anomaly, Severity, Table, within_share};

/// Checks for empty texts, which the ingest turns into NULL, and for texts with a replaced byte, of which upstream is
/// known to have a few.
pub fn check_texts(table: &Table, profile: &TableProfile, replaced: Option<&Anomaly>) -> [Finding; 2] {
    let (empty, in_empty) = total(profile, |column| column.empty_texts);
    let (found, in_found) = total(profile, |column| column.replaced);
    let share = replaced.and_then(|anomaly| anomaly.expect.max_share).unwrap_or_default();
    let within = within_share(found, profile.rows, share);
    let name = table.report_name();
    [
        Finding {
            check_name: format!("{name}.empty_texts"),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: empty,
            ok: empty == 0,
            details: format!("{empty} texts are empty where they should be NULL{in_empty}"),
            sample: Vec::new(),
        },
        Finding {
            check_name: format!("{name}.replaced_bytes"),
            kind: Kind::UpstreamAnomaly,
            severity: if within { Severity::Info } else { Severity::Warn },
            value: found,
            ok: within,
            details: format!(
                "{found} texts hold U+FFFD in place of bytes that are not UTF-8 or characters that XML does not have{in_found}; up to {:.3} % of {} rows are \
                 known. If there are many, the dump was damaged or read in another encoding.",
                share * 100.0,
                profile.rows
            ),
            sample: Vec::new(),
        },
    ]
}

/// Returns a count over all columns, and the columns that contribute to it.
fn total(profile: &TableProfile, count: impl Fn(&ColumnProfile) -> u64) -> (u64, String) {
    let there: Vec<_> = profile.columns.iter().filter(|column| count(column) > 0).collect();
    let named: Vec<_> = there.iter().map(|column| format!("{} in {}", count(column), column.name)).collect();
    let total = there.iter().map(|column| count(column)).sum();
    (total, if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) })
}
