use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::baseline::Baseline;
use super::catalogue;
use super::drift::drift;
use super::files::check_files;
use super::ingested::{anomalies, records_agree};
use super::inputs::inputs_agree;
use super::profile::{Profile, Profiler};
use super::query::number;
use super::report::Figures;
use super::schema::schema_changes;
use super::texts::check_texts;
use super::{Finding, Findings, Kind};
use crate::contract::{Contract, Environment, Severity, Table};
use crate::lake::{Dataset, Run};
use crate::sql::{Engine, EngineParameters, SqlFile, quoted};
use crate::tables::mount_table;
use digdag_task::{Amount, Observer};

/// All checks of a run.
pub struct Suite<'s> {
    /// Receives the progress.
    pub observer: &'s dyn Observer,
    pub contract: &'s Contract,
    pub environment: &'s Environment,
    pub run: &'s Run,
    pub engine: &'s dyn Engine,
    /// For the run that this one is compared with, whose profile is kept as a rule.
    pub duckdb: &'s EngineParameters,
    /// A folder for what does not fit into memory.
    pub spill: &'s Path,
}

/// What a suite found, and what it looked at.
pub struct Checked {
    pub findings: Findings,
    pub profile: Profile,
    pub baseline: Baseline,
    /// For the plots; nothing where a table of theirs is not there.
    pub figures: Option<Figures>,
}

impl Suite<'_> {
    /// Runs every check there is for the tables that are there. That a table is missing is a finding.
    pub fn run(&self) -> anyhow::Result<Checked> {
        let engine = self.engine;
        let profiler = Profiler::load()?;
        let replaced = self.contract.anomalies.iter().find(|anomaly| anomaly.name == "invalid_utf8");
        let mut findings = Vec::new();
        let mut profile = Profile::new(self.run);
        let mut rows = BTreeMap::new();
        let mut datasets = Vec::new();
        let checks = catalogue::checks(self.contract)?;
        let progress = self.observer.begin(Amount::steps(self.contract.tables.len() + checks.len()));
        let mut done = 0;
        for table in &self.contract.tables {
            progress.advance_to(done, &|| format!("looking at {}", table.report_name()));
            done += 1;
            let Some(dataset) = self.run.dataset(&table.folder())? else {
                if !table.optional {
                    findings.push(missing(table));
                }
                continue;
            };
            let files = check_files(self.run, table, &dataset)?;
            let readable = files.iter().all(|finding| finding.ok);
            findings.extend(files);
            if !readable {
                // What is wrong is said; queries over it would end in errors of the engine.
                continue;
            }
            mount_table(engine, table, self.run, &dataset)?;
            let count = self.count_rows(engine, table)?;
            findings.push(self.enough_rows(table, &dataset, count));
            let figures = profiler.table_of(self.run, engine, table, &dataset, count)?;
            findings.extend(check_texts(table, &figures, replaced));
            profile.tables.insert(table.name.clone(), figures);
            rows.insert(table.name.clone(), count);
            datasets.push((table, dataset));
        }
        for check in checks {
            progress.advance_to(done, &|| format!("checking {}", check.name));
            done += 1;
            if check.reads.iter().all(|table| rows.contains_key(table)) {
                let of = rows.get(&check.of).copied().unwrap_or_default();
                findings.push(check.run(engine, of, self.environment.complete)?);
            }
        }
        findings.extend(records_agree(&datasets, &rows));
        findings.extend(inputs_agree(&datasets, self.run.description_if_there()?.as_ref()));
        findings.extend(anomalies(self.contract, self.environment, &datasets, &rows));

        progress.advance_to(done, &|| "comparing with what is published".to_owned());
        let baseline = Baseline::of(self.run, self.contract, self.duckdb, self.spill)?;
        findings.push(baseline.finding());
        if let Baseline::Run(before) = &baseline {
            findings.extend(drift(self.contract, &self.environment.drift, before, &profile));
            findings.extend(schema_changes(self.contract, before, &profile));
        }
        let plottable = Figures::READS.iter().all(|table| rows.contains_key(*table));
        let figures = plottable.then(|| Figures::measure(engine)).transpose()?;
        Ok(Checked { findings: Findings::new(findings), profile, baseline, figures })
    }

    fn count_rows(&self, engine: &dyn Engine, table: &Table) -> anyhow::Result<u64> {
        let file = SqlFile::load("checks/generic/rows")?;
        let rows = engine.rows(&file.with(&[("table", &quoted(&table.name))]), &file.path)?;
        number(&rows).with_context(|| format!("the rows of {} cannot be counted", table.name))
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
