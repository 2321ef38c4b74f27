use std::path::{Path, PathBuf};

use clap::Args;

use super::report::{timestamp, write_reports};
use super::suite::Suite;
use crate::lake::{Lake, RunId};
use crate::publish::{RollbackParameters, rollback};
use crate::sql::{DuckDb, Engine, EngineName, EngineSelection, Trino};
use crate::table::{Contract, Severity};
use crate::task::{Call, Failure, boolean};

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
    pub engine: EngineSelection,

    /// Point active back at what it was before when a CRITICAL check fails
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub rollback_on_failure: bool,
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
    let engine = engine(&parameters.engine, scratch.path(), call)?;
    let suite = Suite { contract: &contract, environment, run: &run, engine: engine.as_ref() };
    let findings = suite.run()?;
    if engine.name() == "trino" && lake.active()?.as_ref() != Some(&id) {
        return Err(Failure::external(format!("active was moved from run {id} while it was checked"))
            .hint("run report-active again")
            .into());
    }

    let report = write_reports(&run, &format!("{}_sanity_active_{}", engine.name(), timestamp()), &findings)?;
    call.set_detail("engine", engine.name());
    call.set_detail("checks", findings.summary());
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    let verdict = findings.verdict(
        &format!("active run {id}"),
        &report.display().to_string(),
        &format!("roll back with: rollback --lake {} --from-run-id {id}", lake.root().display()),
    );
    if let Err(failure) = verdict {
        return Err(if parameters.rollback_on_failure { roll_back(&lake, &id, failure, call) } else { failure }.into());
    }
    call.say(format_args!("{} checks passed on active, run {id}; report: {}", findings.len(), report.display()));
    Ok(())
}

/// Trino where it is asked for and there is one, DuckDB otherwise.
fn engine(selection: &EngineSelection, spill: &Path, call: &Call) -> anyhow::Result<Box<dyn Engine>> {
    if selection.engine == EngineName::Trino && selection.trino.trino_url.is_some() {
        return Ok(Box::new(Trino::open(&selection.trino, &selection.trino.trino_schema)?));
    }
    if selection.engine == EngineName::Trino {
        call.say("no trino_url is given, so DuckDB does the report");
    }
    Ok(Box::new(DuckDb::open(&selection.duckdb, spill)?))
}

/// The failure, with what became of active.
fn roll_back(lake: &Lake, failed: &RunId, mut failure: Failure, call: &mut Call) -> Failure {
    let parameters = RollbackParameters {
        lake: lake.root().to_owned(),
        to_run_id: None,
        from_run_id: Some(failed.clone()),
        dry_run: false,
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
