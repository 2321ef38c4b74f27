use std::collections::BTreeMap;

use anyhow::Context;

use super::files::check_files;
use super::query::{CheckQuery, number};
use super::{Finding, Findings, Kind};
use crate::lake::{Dataset, Run};
use crate::sql::{Engine, SqlFile, quoted};
use crate::table::{Contract, Environment, Severity, Table};

const HANDFUL: u64 = 5;

/// All checks of a run.
pub struct Suite<'s> {
    pub contract: &'s Contract,
    pub environment: &'s Environment,
    pub run: &'s Run,
    pub engine: &'s dyn Engine,
}

impl Suite<'_> {
    /// Runs every check there is for the tables that are there. That a table is missing is a finding.
    pub fn run(&self) -> anyhow::Result<Findings> {
        let mut findings = Vec::new();
        let mut rows = BTreeMap::new();
        let mut datasets = Vec::new();
        for table in &self.contract.tables {
            let Some(dataset) = self.run.dataset(&table.folder())? else {
                if !table.optional {
                    findings.push(missing(table));
                }
                continue;
            };
            findings.extend(check_files(self.run, table, &dataset)?);
            self.engine.mount(&table.name, &self.run.dataset_files(&dataset))?;
            let count = self.count_rows(table)?;
            findings.push(self.enough_rows(table, &dataset, count));
            rows.insert(table.name.clone(), count);
            datasets.push((table, dataset));
        }
        for check in self.queries()? {
            if check.reads.iter().all(|table| rows.contains_key(table)) {
                let of = rows.get(&check.of).copied().unwrap_or_default();
                findings.push(check.run(self.engine, of, self.environment.complete)?);
            }
        }
        findings.extend(self.records_agree(&datasets));
        findings.extend(self.anomalies(&datasets, &rows));
        Ok(Findings::new(findings))
    }

    fn count_rows(&self, table: &Table) -> anyhow::Result<u64> {
        let file = SqlFile::load("checks/generic/rows")?;
        let rows = self.engine.rows(&file.with(&[("table", &quoted(&table.name))]), &file.path)?;
        number(&rows).with_context(|| format!("the rows of {} cannot be counted", table.name))
    }

    /// The checks that are queries: what the contract declares, then the files of `sql/checks`.
    fn queries(&self) -> anyhow::Result<Vec<CheckQuery>> {
        let mut checks = Vec::new();
        for table in &self.contract.tables {
            for column in table.columns.iter().filter(|column| column.not_null) {
                checks.push(CheckQuery::not_null(table, column)?);
            }
            if !table.key.is_empty() {
                checks.push(CheckQuery::unique(table)?);
            }
            for (column, relationship) in table.relationships() {
                checks.push(CheckQuery::relationship(table, column, relationship)?);
            }
        }
        for file in SqlFile::folder("checks")? {
            checks.push(CheckQuery::of_file(file, self.contract)?);
        }
        Ok(checks)
    }

    fn enough_rows(&self, table: &Table, dataset: &Dataset, rows: u64) -> Finding {
        let least = self.environment.minimum_rows_of(&table.name);
        let least = if table.optional { 0 } else { least };
        Finding {
            check_name: format!("{}.rows", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: rows,
            ok: rows >= least && rows == dataset.rows,
            details: format!("{rows} rows; {} were written, at least {least} are expected", dataset.rows),
            sample: Vec::new(),
        }
    }

    /// The main table of an entity has a row for each record that was read.
    fn records_agree(&self, datasets: &[(&Table, Dataset)]) -> Vec<Finding> {
        let counted =
            main_datasets(datasets).filter_map(|(table, dataset)| Some((table, dataset, dataset.counted.records?)));
        let finding = |(table, dataset, records): (&Table, &Dataset, u64)| Finding {
            check_name: format!("{}.records_read", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: records.abs_diff(dataset.rows),
            ok: records == dataset.rows,
            details: format!("{records} records were read, {} rows were written", dataset.rows),
            sample: Vec::new(),
        };
        counted.map(finding).collect()
    }

    /// What was counted while the dumps were read, each under its name and held to its bound.
    fn anomalies(&self, datasets: &[(&Table, Dataset)], rows: &BTreeMap<String, u64>) -> Vec<Finding> {
        let mut counts: BTreeMap<&str, u64> =
            self.contract.anomalies.iter().map(|anomaly| (anomaly.name.as_str(), 0)).collect();
        for (_, dataset) in main_datasets(datasets) {
            for (name, count) in &dataset.counted.anomalies {
                *counts.entry(name).or_default() += count;
            }
        }
        counts.into_iter().map(|(name, count)| self.anomaly(name, count, rows)).collect()
    }

    fn anomaly(&self, name: &str, count: u64, rows: &BTreeMap<String, u64>) -> Finding {
        let known = self.contract.anomalies.iter().find(|anomaly| anomaly.name == name);
        let (severity, ok, details) = match known {
            None => (Severity::Warn, false, format!("{count}: an anomaly that sql/contract.yml does not know")),
            Some(anomaly) => {
                let of = rows.get(&anomaly.of).copied().unwrap_or_default();
                let bounded = self.environment.complete || anomaly.severity_beyond == Severity::Critical;
                let ok = count == 0 || !bounded || within_share(count, of, anomaly.max_share);
                let severity = if ok { Severity::Info } else { anomaly.severity_beyond };
                let share = anomaly.max_share * 100.0;
                let details = format!(
                    "{count}, up to {share:.3} % of the rows of {} are known: {}",
                    anomaly.of, anomaly.description
                );
                (severity, ok, details)
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
}

/// Whether a count is within a share of the rows. A handful is no share: in a small month one row is more than any. A
/// share of zero allows none.
pub(super) fn within_share(count: u64, rows: u64, max_share: f64) -> bool {
    count as f64 <= rows as f64 * max_share || (max_share > 0.0 && count <= HANDFUL)
}

/// The first dataset of each task: what a pass counted is in all of its datasets alike.
fn main_datasets<'d>(datasets: &'d [(&'d Table, Dataset)]) -> impl Iterator<Item = (&'d Table, &'d Dataset)> {
    let is_first = |index: usize| {
        let producer = &datasets[index].0.producer;
        datasets[..index].iter().all(|(table, _)| table.producer != *producer)
    };
    (0..datasets.len()).filter(move |index| is_first(*index)).map(|index| (datasets[index].0, &datasets[index].1))
}

fn missing(table: &Table) -> Finding {
    Finding {
        check_name: format!("{}.rows", table.report_name()),
        kind: Kind::Regression,
        severity: Severity::Critical,
        value: 0,
        ok: false,
        details: format!("the table is missing; {} writes it", table.producer),
        sample: Vec::new(),
    }
}
