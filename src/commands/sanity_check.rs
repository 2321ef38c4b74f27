//! `sanity-check`: checks a run and seals it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use super::{RunArgs, classified};
use crate::check::report::{Report, in_names};
use crate::check::suite::{Suite, engine_of_checks};
use crate::check::verdict::{Verdict, VerdictKey};
use crate::contract::{Contract, Severity};
use crate::lake::{Run, SealedRun};
use crate::page::plain_cell;
use crate::sql::EngineSelection;
use crate::tables::register::register_run;
use digdag_task::{Call, Switch};

/// Check a run and seal it
///
/// Checks every table of the run against sql/contract.yml and the queries of sql/checks, on DuckDB, and keeps the
/// report in <lake>/_runs/<run_id>/_reports/. If no CRITICAL check fails, every file is verified, made read-only and
/// listed in _manifest.json: the run is sealed and never changes again. Otherwise the exit status is 3 and nothing is
/// sealed.
#[derive(Debug, Parser)]
#[command(name = "sanity-check", version, after_help = EXAMPLE)]
pub struct SanityCheck {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Environment of sql/contract.yml, which sets the minimum rows: month or sample
    #[arg(long, value_name = "NAME", default_value = "month")]
    pub(crate) environment: String,

    /// Accept drift from the published run, after it was reviewed: it is then a warning
    #[arg(long)]
    pub(crate) accept_drift: Switch,

    /// Check with this contract instead of the built-in one, to try its bounds; the run is not sealed
    #[arg(long, value_name = "FILE")]
    pub(crate) contract_file: Option<PathBuf>,

    /// Keep cells of the CSV files as they are that a spreadsheet would run as formulas
    #[arg(long, env = "DISCOGS_RAW_CELLS")]
    pub raw: Switch,

    #[command(flatten)]
    pub(crate) engine: EngineSelection,
}

const EXAMPLE: &str = "\
Example:
  sanity-check --lake /data/lake --run-id 2026-11__20261120_000000 --environment month";

/// Runs `sanity-check`.
pub fn main() -> ExitCode {
    super::task(sanity_check)
}

/// Checks a run and seals it if no CRITICAL check fails. Keeps the report in either case.
fn sanity_check(parameters: SanityCheck, call: &mut Call) -> anyhow::Result<()> {
    let contract = match &parameters.contract_file {
        Some(path) => Contract::read(path)?,
        None => Contract::load()?,
    };
    let environment = contract.environment(&parameters.environment)?;
    let run = parameters.run.open(call)?;
    if run.is_sealed()? {
        return already_sealed(&run, call);
    }
    let sealable = Arc::new(run.sealable(call.name())?);
    if run.is_sealed()? {
        // Another call of this task sealed the run before this one took the lock.
        return already_sealed(&run, call);
    }
    let recorder = sealable.clone();
    call.record_with(move |outcome| recorder.record_unless_sealed(outcome).map_err(classified));
    let staging = sealable.staging()?;
    let spill = staging.folder().join("spill");
    let selection = engine_of_checks(&parameters.engine, &*call);
    let engine =
        selection.open(&spill, |trino| Ok(register_run(&contract, &run, trino, &call.observer())?.into_trino()))?;
    call.set_detail("engine", engine.name());
    let suite = Suite {
        observer: &*call,
        contract: &contract,
        environment,
        run: &run,
        engine: engine.as_ref(),
        duckdb: &selection.duckdb,
        spill: &spill,
    };
    let measured = suite.measure()?;
    let key = VerdictKey::of(&run, &contract, &parameters.environment)?;
    let verdict = Verdict::new(key, &measured.findings, &measured.profile, measured.figures.as_ref());
    let mut checked = suite.conclude(measured)?;
    drop(engine);
    drop(staging);
    if parameters.accept_drift.is_on() {
        checked.findings = checked.findings.accept_drift();
    }
    checked.profile.keep(&run)?;

    let written = jiff::Timestamp::now();
    let (environment, raw) = (parameters.environment.as_str(), parameters.raw.is_on());
    let report = Report { run: &run, environment, written, checked: &checked, reused_from: None, raw };
    let report = report.write(&format!("sanity_{}", in_names(written)))?;
    let findings = checked.findings;
    write_unknown_paths(&run, &contract, raw)?;
    call.set_detail("checks", findings.summary());
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    let hint = if findings.only_drift_failed() {
        format!(
            "nothing was sealed; look at {}; if upstream really changed, run sanity-check again with --accept-drift=true \
             (accept_drift=true in the workflow)",
            report.with_extension("html").display()
        )
    } else if findings.only_too_few_rows() && parameters.environment != "sample" {
        "nothing was sealed; if the run is a sample, run sanity-check again with --environment=sample (environment=sample \
         in the workflow)"
            .to_owned()
    } else {
        "nothing was sealed or published; rebuild what is wrong with --replace=true, or begin a new run".to_owned()
    };
    findings.verdict(&format!("run {}", run.id()), &report.display().to_string(), &hint)?;

    if let Some(path) = &parameters.contract_file {
        call.summary(format_args!("{} checks of {} passed; nothing was sealed", findings.len(), path.display()));
        return Ok(());
    }
    // The seal covers this task's own record, so the record is kept first; if sealing fails, it is written again.
    sealable.record_unless_sealed(&call.outcome_so_far())?;
    let mut summary = findings.summary();
    summary["environment"] = parameters.environment.into();
    summary["accept_drift"] = parameters.accept_drift.is_on().into();
    summary["verdict_sha256"] = verdict.keep(&run)?.into();
    let sealed = sealable.seal(summary, call)?;
    for dataset in &sealed.manifest().datasets {
        call.add_table(dataset.count());
    }
    call.summary(format_args!("{} checks passed, run {} is sealed", findings.len(), run.id()));
    Ok(())
}

fn already_sealed(run: &Run, call: &mut Call) -> anyhow::Result<()> {
    let sealed = SealedRun::open(run)?;
    call.already_done();
    call.set_detail("checks", sealed.manifest().checks.clone());
    Ok(())
}

/// Writes `_reports/unknown_paths.csv`: the paths in the dumps that no table reads and no rule ignores.
fn write_unknown_paths(run: &Run, contract: &Contract, raw: bool) -> anyhow::Result<()> {
    let mut paths = BTreeMap::new();
    for table in &contract.tables {
        if let Some(dataset) = run.dataset(&table.folder())? {
            paths.extend(dataset.counted.unknown_paths);
        }
    }
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["path", "count"])?;
    for (path, count) in paths {
        let path = if raw { path } else { plain_cell(&path).into_owned() };
        csv.write_record([path, count.to_string()])?;
    }
    run.write_report("unknown_paths.csv", &csv.into_inner().map_err(|error| error.into_error())?)?;
    Ok(())
}
