use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::report::{timestamp, write_reports};
use super::suite::Suite;
use crate::lake::{Lake, Run, RunId, SealedRun};
use crate::register::register_run;
use crate::sql::{DuckDb, Engine, EngineName, EngineSelection};
use crate::table::{Contract, Severity};
use crate::task::Call;

/// What sanity-check takes.
#[derive(Args, Debug)]
pub struct SanityParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to check
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,

    /// How much must be there: an environment of sql/contract.yml
    #[arg(long, value_name = "month|sample", default_value = "month")]
    pub environment: String,

    #[command(flatten)]
    pub engine: EngineSelection,
}

/// Checks a run and seals it when no CRITICAL check fails. The report is kept either way.
pub fn sanity_check(parameters: SanityParameters, call: &mut Call) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run_id);
    let contract = Contract::load()?;
    let environment = contract.environment(&parameters.environment)?;
    let run = Lake::open(&parameters.lake)?.run(&parameters.run_id)?;
    if run.is_sealed() {
        let sealed = SealedRun::open(&run)?;
        call.already_done();
        call.set_detail("checks", sealed.manifest().checks.clone());
        return Ok(());
    }
    let sealable = run.sealable(call.name())?;
    let staging = sealable.staging()?;
    let spill = staging.folder().join("spill");
    let engine: Box<dyn Engine> = match parameters.engine.engine {
        EngineName::Duckdb => Box::new(DuckDb::open(&parameters.engine.duckdb, &spill)?),
        EngineName::Trino => Box::new(register_run(&contract, &run, &parameters.engine.trino)?),
    };
    call.set_detail("engine", engine.name());
    let suite = Suite { contract: &contract, environment, run: &run, engine: engine.as_ref() };
    let findings = suite.run()?;
    drop(engine);
    drop(staging);

    let report = write_reports(&run, &format!("sanity_{}", timestamp()), &findings)?;
    write_unknown_paths(&run, &contract)?;
    call.set_detail("checks", findings.summary());
    call.set_detail("report", report.to_string_lossy().into_owned());
    for warning in findings.failed(Severity::Warn) {
        call.say(format_args!("WARN {}: {}", warning.check_name, warning.details));
    }
    let hint = "nothing was sealed or published; rebuild what is wrong with --replace true, or begin a new run";
    findings.verdict(&format!("run {}", run.id()), &report.display().to_string(), hint)?;

    // The seal covers this task's own record, so that is kept before it.
    sealable.record(&call.outcome_so_far())?;
    let sealed = sealable.seal(findings.summary())?;
    for dataset in &sealed.manifest().datasets {
        call.add_table(dataset.count());
    }
    call.say(format_args!("{} checks passed, run {} is sealed", findings.len(), run.id()));
    Ok(())
}

/// `_reports/unknown_paths.csv`: what was met in the dumps that no table takes and no rule ignores.
fn write_unknown_paths(run: &Run, contract: &Contract) -> anyhow::Result<()> {
    let mut paths = BTreeMap::new();
    for table in &contract.tables {
        if let Some(dataset) = run.dataset(&table.folder())? {
            paths.extend(dataset.counted.unknown_paths);
        }
    }
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["path", "count"])?;
    for (path, count) in paths {
        csv.write_record([path, count.to_string()])?;
    }
    run.write_report("unknown_paths.csv", &csv.into_inner().map_err(|error| error.into_error())?)?;
    Ok(())
}
