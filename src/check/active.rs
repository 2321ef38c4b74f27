use std::path::PathBuf;

use clap::Args;

use super::report::{Report, in_names};
use super::suite::Suite;
use crate::lake::{Lake, RunId};
use crate::sql::EngineParameters;
use crate::table::{Contract, Severity};
use crate::task::{Call, Failure};

/// What report-active takes.
#[derive(Args, Debug)]
pub struct ReportActiveParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// A run to check in place of what active points at
    #[arg(long, value_name = "RUN_ID")]
    pub report_run_id: Option<RunId>,

    /// How much must be there: an environment of sql/contract.yml
    #[arg(long, value_name = "month|sample", default_value = "month")]
    pub environment: String,

    #[command(flatten)]
    pub engine: EngineParameters,
}

/// Checks what is published, as its readers see it, or an old run, and keeps the report in the run. Fails when a CRITICAL
/// check fails.
pub fn report_active(parameters: ReportActiveParameters, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let environment = contract.environment(&parameters.environment)?;
    let lake = Lake::open(&parameters.lake)?;
    let active = lake.active()?;
    let id = parameters.report_run_id.clone().or_else(|| active.clone()).ok_or_else(|| {
        Failure::parameters(format!("nothing is published in {}", lake.root().display()))
            .hint("promote a sealed run first, or name a run with --report-run-id")
    })?;
    let is_active = active.as_ref() == Some(&id);
    call.set_run_id(&id);
    let run = lake.run(&id)?;
    let scratch = lake.scratch(call.name())?;
    let suite =
        Suite { contract: &contract, environment, run: &run, engine: &parameters.engine, spill: scratch.path() };
    let checked = suite.run()?;

    let written = jiff::Timestamp::now();
    let scope = if is_active { "active" } else { "run" };
    let report = Report { run: &run, environment: &parameters.environment, written, checked: &checked };
    let report = report.write(&format!("duckdb_sanity_{scope}_{}", in_names(written)))?;
    let findings = checked.findings;
    call.set_detail("checks", findings.summary());
    call.set_detail("scope", scope);
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    let hint = match is_active {
        true => "rollback brings back what was published before",
        false => "do not publish it",
    };
    findings.verdict(&format!("{scope} {id}"), &report.display().to_string(), hint)?;
    call.say(format_args!("{} checks passed on {scope} {id}; report: {}", findings.len(), report.display()));
    Ok(())
}
