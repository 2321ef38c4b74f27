//! Runs all checks of a run: files, one pass over the tables, queries, comparison with the published run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::baseline::Baseline;
use super::catalogue;
use super::drift::drift;
use super::figures::Figures;
use super::files::check_files;
use super::ingested::{anomalies, records_agree};
use super::inputs::inputs_agree;
use super::profile::{Profile, Profiler, TableProfile};
use super::query::{CheckQuery, number};
use super::scan::{Scan, scan};
use super::schema::schema_changes;
use super::texts::check_texts;
use super::{Finding, Findings, Kind};
use crate::contract::{Contract, Environment, Severity, Table};
use crate::lake::{Dataset, Run};
use crate::sql::{Engine, EngineParameters, EngineSelection, SqlFile, quoted};
use crate::tables::mount_table;
use digdag_task::{Amount, Observer};

/// DuckDB's memory for the queries of the checks, for each thread. The pass over the files leaves them little to do; the
/// larger ones spill to disk. Half of it is enough for ten million releases.
const QUERY_MEMORY_A_THREAD: u64 = 128 << 20;

/// Returns the selection of the engine that checks a run: resolved, with the memory that the queries of checks need.
pub fn engine_of_checks(selection: &EngineSelection, observer: &dyn Observer) -> EngineSelection {
    let resolved = selection.resolved(observer);
    EngineSelection { duckdb: resolved.duckdb.with_memory_a_thread(QUERY_MEMORY_A_THREAD), ..resolved }
}

/// All checks of a run.
pub struct Suite<'s> {
    /// Receives the progress.
    pub observer: &'s dyn Observer,
    /// The contract that the run is checked against.
    pub contract: &'s Contract,
    /// The bounds that apply.
    pub environment: &'s Environment,
    /// The run that is checked.
    pub run: &'s Run,
    /// The engine of the queries.
    pub engine: &'s dyn Engine,
    /// The bounds of DuckDB, for the files of this run and for the profile of the run it is compared with.
    pub duckdb: &'s EngineParameters,
    /// A folder for DuckDB to spill to.
    pub spill: &'s Path,
}

/// The findings of a suite, and the figures behind them.
pub struct Checked {
    /// The result of every check.
    pub findings: Findings,
    /// The measurements of the run.
    pub profile: Profile,
    /// The measurements of the published run.
    pub baseline: Baseline,
    /// The figures of the plots; `None` if one of their tables is missing.
    pub figures: Option<Figures>,
}

impl Checked {
    /// Returns a result with one finding, for a run whose files cannot be trusted.
    pub fn only(run: &Run, finding: Finding) -> Self {
        Checked {
            findings: Findings::new(vec![finding]),
            profile: Profile::new(run),
            baseline: Baseline::None("its files are not those that were sealed".to_owned()),
            figures: None,
        }
    }
}

/// The findings about a run by itself, before it is compared with the published run.
pub struct Measured {
    /// The results of the checks of this run alone.
    pub findings: Vec<Finding>,
    /// The measurements of the run.
    pub profile: Profile,
    /// The figures of the page, if all of their tables are present.
    pub figures: Option<Figures>,
}

impl Suite<'_> {
    /// Runs every check of the tables that the run holds. A missing table is a finding.
    ///
    /// # Errors
    /// Fails if a file cannot be read or a query cannot be run.
    pub fn measure(&self) -> anyhow::Result<Measured> {
        let engine = self.engine;
        let profiler = Profiler::load()?;
        let replaced = self.contract.anomalies.iter().find(|anomaly| anomaly.name == "invalid_utf8");
        let mut findings = Vec::new();
        let mut profile = Profile::new(self.run);
        let mut rows = BTreeMap::new();
        let mut datasets = Vec::new();
        let checks = catalogue::checks(self.contract)?;
        for table in &self.contract.tables {
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
                // The findings name the damage; a query over the files would end in an error of the engine.
                continue;
            }
            mount_table(engine, table, self.run, &dataset)?;
            let count = self.count_rows(engine, table)?;
            findings.push(self.enough_rows(table, &dataset, count));
            rows.insert(table.name.clone(), count);
            datasets.push((table, dataset));
        }
        let runs = |check: &CheckQuery| check.reads.iter().all(|table| rows.contains_key(table));
        let checks: Vec<_> = checks.into_iter().filter(runs).collect();

        let mut scan = match engine.name() {
            "duckdb" => {
                let threads = self.duckdb.worker_threads();
                scan(self.contract, self.run, &datasets, &checks, threads, self.spill, self.observer)?
            }
            _ => Scan::default(),
        };
        let progress = self.observer.begin(Amount::steps(datasets.len() + checks.len()));
        let mut done = 0;
        for (table, dataset) in &datasets {
            progress.advance_to(done, &|| format!("profiling {}", table.report_name()));
            done += 1;
            let count = rows.get(&table.name).copied().unwrap_or_default();
            let figures = match scan.profiles.remove(&table.name) {
                None => profiler.table_of(self.run, engine, table, dataset, count)?,
                Some(scanned) if scan.keys_unknown.contains(&table.name) => {
                    TableProfile { keys: profiler.keys(engine, table, dataset)?, ..scanned }
                }
                Some(scanned) => scanned,
            };
            findings.extend(check_texts(table, &figures, replaced));
            profile.tables.insert(table.name.clone(), figures);
        }
        for check in checks {
            progress.advance_to(done, &|| format!("checking {}", check.name));
            done += 1;
            let of = rows.get(&check.of).copied().unwrap_or_default();
            let counted = scan.broken.get(&check.name).copied();
            findings.push(check.run(engine, of, self.environment.complete, counted)?);
        }
        findings.extend(records_agree(&datasets, &rows));
        findings.extend(inputs_agree(&datasets, self.run.description_if_there()?.as_ref()));
        findings.extend(anomalies(self.contract, self.environment, &datasets, &rows));

        progress.advance_to(done, &|| "counting for the plots".to_owned());
        let plottable = Figures::READS.iter().all(|table| rows.contains_key(*table));
        let figures = plottable.then(|| Figures::measure(engine)).transpose()?;
        Ok(Measured { findings, profile, figures })
    }

    /// Compares the run with the published run and returns all findings.
    ///
    /// # Errors
    /// Fails if the published run has no profile yet and cannot be read.
    pub fn conclude(&self, measured: Measured) -> anyhow::Result<Checked> {
        let Measured { mut findings, profile, figures } = measured;
        let baseline = Baseline::of(self.run, self.contract, self.duckdb, self.spill)?;
        findings.push(baseline.finding());
        if let Baseline::Run(before) = &baseline {
            findings.extend(drift(self.contract, &self.environment.drift, before, &profile));
            findings.extend(schema_changes(self.contract, before, &profile));
        }
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
        let help = match (rows >= least, rows == dataset.rows) {
            (true, true) => String::new(),
            (false, true) => {
                "; a whole month has more, so the dump is cut off or this is a sample: a sample is checked with \
                              environment=sample (--environment sample)"
                    .to_owned()
            }
            (_, false) => format!("; the files are not those that were written: {}", again(table)),
        };
        Finding {
            check_name: format!("{}.rows", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: rows,
            ok: rows >= least && rows == dataset.rows,
            details: format!("{rows} rows; {} were written, at least {least} are expected{help}", dataset.rows),
            sample: Vec::new(),
        }
    }
}

/// Returns the advice to write a table again.
fn again(table: &Table) -> String {
    format!("run {} again in a new run", table.producer)
}

fn missing(table: &Table) -> Finding {
    Finding {
        check_name: format!("{}.rows", table.report_name()),
        kind: Kind::Regression,
        severity: Severity::Critical,
        value: 0,
        ok: false,
        details: format!("the table is missing; write it with {} --run-id <run_id>, then check again", table.producer),
        sample: Vec::new(),
    }
}
