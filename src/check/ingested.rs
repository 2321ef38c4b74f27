//! Checks of the counts that the ingest kept: records, and anomalies by name.

use std::collections::BTreeMap;

use super::{Finding, Kind};
use crate::contract::{Contract, Environment, Severity, Table};
use crate::lake::Dataset;

/// Requires the main table of an entity to have a row for each record that was read.
pub fn records_agree(datasets: &[(&Table, Dataset)], rows: &BTreeMap<String, u64>) -> Vec<Finding> {
    let finding = |(table, records): (&Table, u64)| {
        let there = rows.get(&table.name).copied().unwrap_or_default();
        Finding {
            check_name: format!("{}.records_read", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: records.abs_diff(there),
            ok: records == there,
            details: format!("{records} records were read, {there} rows are there"),
            sample: Vec::new(),
        }
    };
    let counted = main_datasets(datasets).filter_map(|(table, dataset)| Some((table, dataset.counted.records?)));
    counted.map(finding).collect()
}

/// Compares each counted anomaly with its bound. An anomaly that the contract does not name is a warning.
pub fn anomalies(
    contract: &Contract,
    environment: &Environment,
    datasets: &[(&Table, Dataset)],
    rows: &BTreeMap<String, u64>,
) -> Vec<Finding> {
    let mut counts: BTreeMap<&str, u64> = contract.anomalies.iter().map(|anomaly| (anomaly.name.as_str(), 0)).collect();
    for (_, dataset) in main_datasets(datasets) {
        for (name, count) in &dataset.counted.anomalies {
            *counts.entry(name).or_default() += count;
        }
    }
    counts.into_iter().map(|(name, count)| anomaly(contract, environment, name, count, rows)).collect()
}

fn anomaly(
    contract: &Contract,
    environment: &Environment,
    name: &str,
    count: u64,
    rows: &BTreeMap<String, u64>,
) -> Finding {
    let known = contract.anomalies.iter().find(|anomaly| anomaly.name == name);
    let (severity, ok, details) = match known {
        None => (Severity::Warn, false, format!("{count}: an anomaly that sql/contract.yml does not know")),
        Some(anomaly) => {
            let of = rows.get(&anomaly.of).copied().unwrap_or_default();
            let verdict = anomaly.expect.judge(count, of, environment.complete);
            let share = anomaly.expect.max_share.unwrap_or_default() * 100.0;
            let of = &anomaly.of;
            let details = format!("{count}, up to {share:.3} % of the rows of {of} are known: {}", anomaly.description);
            (verdict.severity, verdict.ok, details)
        }
    };
    Finding {
        check_name: format!("ingest.{name}"),
        kind: Kind::UpstreamAnomaly,
        severity,
        value: count,
        ok,
        details,
        sample: Vec::new(),
    }
}

/// Returns the first dataset of each task, because all datasets of a task hold the same counts.
fn main_datasets<'d>(datasets: &'d [(&'d Table, Dataset)]) -> impl Iterator<Item = (&'d Table, &'d Dataset)> {
    let is_first = |index: usize| {
        let producer = &datasets[index].0.producer;
        datasets[..index].iter().all(|(table, _)| table.producer != *producer)
    };
    (0..datasets.len()).filter(move |index| is_first(*index)).map(|index| (datasets[index].0, &datasets[index].1))
}
