//! `sample-dumps`: cuts the first records of a run's dumps for a trial of the workflow.
//!
//! ```text
//! <lake>/_tmp_test/<run_id>/<n>/raw/discogs_YYYYMMDD_<entity>.xml.gz   the first records of each dump
//! <lake>/_tmp_test/<run_id>/<n>/lake/                                  the lake of the trial, which preflight creates
//! ```
//!
//! `digdag/tests_xml_dev.dig` runs the tasks of a month on them. The result names the paths, and the task exports no
//! parameter: an exported `lake` or `labels_dump` would replace those of the real run in every later task.

use std::fs;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use super::RunArgs;
use crate::dump::{DumpFile, Entity, write_sample};
use crate::lake::RunDescription;
use crate::store::S3Args;
use digdag_task::stop::Unfinished;
use digdag_task::{Call, Failure, Switch};

/// Cut the first records of each dump for a trial
///
/// With do_xml_tests=true: writes the first records of the dumps that preflight found for the run as small dumps into a
/// new folder <lake>/_tmp_test/<run_id>/<n>/, and returns their paths and the folder of a lake for the trial. The
/// workflow tests_xml_dev.dig runs every task on them. The run does not change.
#[derive(Debug, Parser)]
#[command(name = "sample-dumps", version, after_help = EXAMPLE)]
pub struct SampleDumps {
    #[command(flatten)]
    run: RunArgs,

    /// Cut the samples; skipped otherwise
    #[arg(long)]
    do_xml_tests: Switch,

    /// Records to take of each dump
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    xml_test_records: u64,

    #[command(flatten)]
    s3: S3Args,
}

const EXAMPLE: &str = "\
Example:
  sample-dumps --lake /data/lake --run-id 2026-11__20261120_000000 --do-xml-tests=true --xml-test-records 5000";

/// Runs `sample-dumps`.
pub fn main() -> ExitCode {
    super::task(sample_dumps)
}

fn sample_dumps(parameters: SampleDumps, call: &mut Call) -> anyhow::Result<()> {
    if !parameters.do_xml_tests.is_on() {
        call.set_run_id(&parameters.run.run_id);
        call.skipped("do_xml_tests is not true");
        return Ok(());
    }
    let run = parameters.run.open(call)?;
    let description = run.description_if_there()?.ok_or_else(|| {
        Failure::parameters(format!("run {} names no dumps", run.id())).hint("preflight finds the dumps of a month")
    })?;
    let trial = parameters.run.lake.open()?.new_trial(run.id())?;
    let unfinished = Unfinished::new(trial.path());
    if let Err(error) = cut(&description, &parameters, trial.path(), call) {
        let _ = fs::remove_dir_all(trial.path());
        return Err(error);
    }
    drop(unfinished);
    call.set_detail("lake", trial.path().join("lake").to_string_lossy());
    call.set_detail("dump_month", description.dump_month.as_str());
    call.summary(format_args!("samples of the dumps are in {}", trial.path().display()));
    Ok(())
}

/// Writes a sample of each dump into `<trial>/raw`, and puts its path and its number of records into the result.
fn cut(
    description: &RunDescription,
    parameters: &SampleDumps,
    trial: &std::path::Path,
    call: &mut Call,
) -> anyhow::Result<()> {
    let raw = trial.join("raw");
    fs::create_dir(&raw).with_context(|| format!("cannot make {}", raw.display()))?;
    for entity in Entity::ALL {
        let path = description.dumps.get(entity.name()).with_context(|| format!("the run names no {entity} dump"))?;
        let dump = DumpFile::open_at(path, &parameters.s3)?;
        let sample = raw.join(format!("discogs_{}_{entity}.xml.gz", description.dump_date));
        let records = write_sample(&dump, entity, parameters.xml_test_records, &sample)?;
        call.say(format_args!("{records} {entity} from {}", dump.path.display()));
        call.set_metric(&format!("{entity}_records"), records);
        call.set_detail(&format!("{entity}_dump"), sample.to_string_lossy());
    }
    Ok(())
}
