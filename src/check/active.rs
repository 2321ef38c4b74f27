use std::path::PathBuf;

use clap::Args;

use super::report::{timestamp, write_reports};
use super::suite::{Checked, Suite};
use crate::lake::Lake;
use crate::sql::EngineParameters;
use crate::table::{Contract, Severity};
use crate::task::{Call, Failure};

/// What report-active takes.
#[derive(Args, Debug)]
pub struct ReportActiveParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// How much must be there: an environment of sql/contract.yml
    #[arg(long, value_name = "month|sample", default_value = "month")]
    pub environment: String,

    #[command(flatten)]
    pub engine: EngineParameters,
}

/// Checks what is published, as its readers see it, and keeps the report in the run. Fails when a CRITICAL check fails.
pub fn report_active(parameters: ReportActiveParameters, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let environment = contract.environment(&parameters.environment)?;
    let lake = Lake::open(&parameters.lake)?;
    let Some(id) = lake.active()? else {
        return Err(Failure::parameters(format!("nothing is published in {}", lake.root().display()))
            .hint("promote a sealed run first")
            .into());
    };
    call.set_run_id(&id);
    let run = lake.run(&id)?;
    let scratch = lake.scratch(call.name())?;
    let suite =
        Suite { contract: &contract, environment, run: &run, engine: &parameters.engine, spill: scratch.path() };
    let Checked { findings, .. } = suite.run()?;

    let report = write_reports(&run, &format!("duckdb_sanity_active_{}", timestamp()), &findings)?;
    call.set_detail("checks", findings.summary());
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    findings.verdict(
        &format!("active run {id}"),
        &report.display().to_string(),
        "rollback brings back what was published before",
    )?;
    call.say(format_args!("{} checks passed on active, run {id}; report: {}", findings.len(), report.display()));
    Ok(())
}
