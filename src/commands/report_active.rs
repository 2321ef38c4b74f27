//! `report-active`: checks the published run, and keeps the report.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::rollback::{Rollback, rollback};
use crate::bronze;
use crate::check::published;
use crate::check::report::{Report, in_names};
use crate::check::suite::{Checked, Measured, Suite, engine_of_checks};
use crate::check::verdict::{Verdict, VerdictKey};
use crate::contract::{Contract, Severity};
use crate::lake::{Lake, RunId, SealedRun};
use crate::sql::{EngineSelection, Trino, TrinoParameters};
use crate::store::WarehouseArgs;
use crate::tables::iceberg::CatalogArgs;
use crate::tables::register::verify_run;
use digdag_task::{Call, Failure, Switch};

/// Check the active run, and keep the report
///
/// Runs all checks on the run that active points at, or on any run, on DuckDB or, with engine=trino and trino_url, over
/// the tables that register-tables made. Also checks that main of every Iceberg table is the snapshot of the active run,
/// and that nothing but appends changed the bronze tables.
/// Writes <engine>_sanity_active_<timestamp> (<engine>_sanity_run_… for another
/// run) as .csv, .json, .junit.xml and .html to its _reports folder. The exit status is 3 if a CRITICAL check fails;
/// rollback_on_failure=true then points active back at the run before.
#[derive(Debug, Parser)]
#[command(name = "report-active", version, after_help = EXAMPLE)]
pub struct ReportActive {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Run to check [default: the active run]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) report_run_id: Option<RunId>,

    /// Environment of sql/contract.yml, month or sample [default: the one the run was sealed with, month if it is not
    /// sealed]
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// Run every check again instead of reusing the verdict that sanity-check kept; over Trino, reusing it still counts and
    /// filters the rows of every table
    #[arg(long)]
    pub(crate) recheck: Switch,

    /// Point active back at the run before if a CRITICAL check fails
    #[arg(long)]
    pub(crate) rollback_on_failure: Switch,

    /// Keep cells of the report's CSV as they are that a spreadsheet would run as formulas
    #[arg(long, env = "DISCOGS_RAW_CELLS")]
    pub raw: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    #[command(flatten)]
    pub(crate) engine: EngineSelection,
}

const EXAMPLE: &str = "\
Example:
  report-active --lake /data/lake --report-run-id 2026-10__20261020_000000
  report-active --lake /data/lake --engine trino --trino-url http://127.0.0.1:8080";

/// Runs `report-active`.
pub fn main() -> ExitCode {
    super::task(report_active)
}

/// Checks the published run, or a named run, and keeps the report in the run. Compares every byte of a sealed run with
/// its manifest; if they match, reuses the verdict of sanity-check unless something that it depends on has changed.
///
/// # Errors
/// Fails if a CRITICAL check fails, after the rollback if `rollback_on_failure` is set.
fn report_active(parameters: ReportActive, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let lake = parameters.lake.open()?;
    let active = lake.active()?;
    let id = match &parameters.report_run_id {
        Some(id) => id.clone(),
        None => lake.published()?,
    };
    let is_active = active.as_ref() == Some(&id);
    call.set_run_id(&id);
    let run = lake.run(&id)?;
    let sealed = if run.is_sealed()? { Some(SealedRun::open(&run)) } else { None };
    let checks = sealed.as_ref().and_then(|sealed| sealed.as_ref().ok()).map(|sealed| sealed.manifest().checks.clone());
    let checks = checks.unwrap_or_default();
    let sealed_with = checks["environment"].as_str().unwrap_or("month");
    let environment_name = parameters.environment.as_deref().unwrap_or(sealed_with);
    let environment = contract.environment(environment_name)?;
    let scratch = lake.scratch(call.name())?;
    let selection = engine_of_checks(&parameters.engine, &*call);
    let schema_of =
        |trino: &TrinoParameters| if is_active { trino.trino_schema.clone() } else { trino.run_schema(id.as_str()) };
    let engine = selection.open(scratch.path(), |trino| Trino::open(trino, &schema_of(trino), call.observer()))?;
    let suite = Suite {
        observer: &*call,
        contract: &contract,
        environment,
        run: &run,
        engine: engine.as_ref(),
        duckdb: &selection.duckdb,
        spill: scratch.path(),
    };
    let changed = sealed.as_ref().map(|sealed| published::as_sealed(sealed.as_ref(), &*call)).transpose()?;
    let mut reused_from = None;
    let mut checked = match &changed {
        Some(finding) if !finding.ok => Checked::only(&run, finding.clone()),
        _ => {
            let key = VerdictKey::of(&run, &contract, environment_name)?;
            let reusable = sealed.as_ref().and_then(|sealed| sealed.as_ref().ok());
            let reusable = reusable.filter(|_| !parameters.recheck.is_on());
            let mut measured = match reusable.and_then(|sealed| Verdict::reusable(sealed, &key)) {
                Some(verdict) => {
                    reused_from = Some(verdict.checked_at);
                    let mut measured = Measured::from(verdict);
                    if engine.name() == "trino" {
                        let schema = schema_of(&selection.trino);
                        let verified = verify_run(&contract, &run, &selection.trino, &schema, &call.observer());
                        measured.findings.push(published::as_trino_reads_it(verified)?);
                    }
                    measured
                }
                None => suite.measure()?,
            };
            measured.findings.extend(changed);
            if is_active {
                measured.findings.extend(published::is_main(&lake, &id, &parameters.catalog)?);
                let days = bronze::retention_days(None)?;
                let found = bronze::deviations(&lake, call.name(), days, &parameters.catalog, &selection.duckdb)?;
                measured.findings.extend(found.map(published::is_append_only));
            }
            suite.conclude(measured)?
        }
    };
    if checks["accept_drift"] == true {
        checked.findings = checked.findings.accept_drift();
    }
    if engine.name() == "trino" && is_active && lake.active()?.as_ref() != Some(&id) {
        return Err(Failure::external(format!("active was moved from run {id} while it was checked"))
            .hint("run report-active again")
            .into());
    }

    let written = jiff::Timestamp::now();
    let scope = if is_active { "active" } else { "run" };
    let raw = parameters.raw.is_on();
    let report = Report { run: &run, environment: environment_name, written, checked: &checked, reused_from, raw };
    let report = report.write(&format!("{}_sanity_{scope}_{}", engine.name(), in_names(written)))?;
    let findings = checked.findings;
    call.set_detail("checks", findings.summary());
    call.set_detail("engine", engine.name());
    call.set_detail("scope", scope);
    call.set_detail("environment", environment_name);
    call.set_detail("verdict", if reused_from.is_some() { "reused" } else { "checked" });
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    let hint = match is_active {
        true => format!("roll back with: rollback --lake {} --from-run-id {id}", lake.root().display()),
        false => "do not publish it".to_owned(),
    };
    let verdict = findings.verdict(&format!("{scope} {id}"), &report.display().to_string(), &hint);
    if let Err(failure) = verdict {
        let back = is_active && parameters.rollback_on_failure.is_on();
        return Err(if back { roll_back(&lake, &id, &parameters, failure, call) } else { failure }.into());
    }
    let verdict =
        reused_from.map(|checked_at| format!(" (verdict: reused, checked at {checked_at:.0})")).unwrap_or_default();
    call.summary(format_args!(
        "{} checks passed on {scope} {id}{verdict}; report: {}",
        findings.len(),
        report.display()
    ));
    Ok(())
}

/// Rolls `active` back, and returns the failure with the outcome as its hint.
fn roll_back(lake: &Lake, failed: &RunId, reporting: &ReportActive, mut failure: Failure, call: &mut Call) -> Failure {
    let parameters = Rollback {
        lake: LakeArgs { lake: lake.root().to_owned() },
        to_run_id: None,
        from_run_id: Some(failed.clone()),
        dry_run: Switch(false),
        catalog: reporting.catalog.clone(),
        warehouse: reporting.warehouse.clone(),
    };
    let rolled_back = rollback(parameters, call);
    call.set_run_id(failed);
    let hint = match rolled_back {
        Ok(()) => match lake.active() {
            Ok(Some(now)) => format!("rolled back: active is {now} again"),
            _ => "rolled back".to_owned(),
        },
        Err(error) => format!("not rolled back: {error:#}"),
    };
    failure.hint = Some(hint);
    failure
}
