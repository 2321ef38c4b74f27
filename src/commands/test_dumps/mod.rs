//! `test-dumps`: a dry run of all tasks on the first records of each dump. It takes minutes, and a full run takes
//! hours.
//!
//! ```text
//! <lake>/_tmp_test/<run_id>/raw/discogs_YYYYMMDD_<entity>.xml.gz   the first records of each dump   first_records.rs
//! <lake>/_tmp_test/<run_id>/lake/                                  a lake of its own: preflight ▸ ingest ▸ warehouse ▸ checks
//! ```
//!
//! The tasks are the binaries beside this one, started with flags. The run itself does not change, and the tasks export
//! no parameters to the workflow: it receives only the result of test-dumps.

mod first_records;
mod step;
mod steps;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::dump::{DumpFile, Entity};
use crate::ingest::record::OnBadRecord;
use crate::lake::{Lake, RunId};
use digdag_task::stop::Unfinished;
use digdag_task::{Call, Failure, boolean};

use first_records::write_first_records;
use steps::Steps;

/// The parameters of test-dumps.
#[derive(Args, Debug)]
pub struct TrialParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run whose dumps are tried, as preflight found them
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,

    /// Whether to try them; skipped otherwise
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub do_xml_tests: bool,

    /// How many records of each dump
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub xml_test_records: u64,

    /// What the ingests do with a record that is not well-formed XML
    #[arg(long, value_name = "stop|skip", default_value = "stop")]
    pub on_bad_record: OnBadRecord,
}

/// Ingests the first records of each dump of a run into a lake of their own, builds the warehouse and checks it.
///
/// # Errors
/// Returns an error of class `Parameters` if preflight found no dumps for the run, and the failure of the first task
/// that fails, with its class.
pub fn test_dumps(parameters: TrialParameters, call: &mut Call) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run_id);
    if !parameters.do_xml_tests {
        call.skipped("do_xml_tests is not true");
        return Ok(());
    }
    let lake = Lake::open(&parameters.lake)?;
    let run = lake.run(&parameters.run_id)?;
    let description = run.description_if_there()?.ok_or_else(|| {
        Failure::parameters(format!("run {} names no dumps", run.id())).hint("preflight finds the dumps of a month")
    })?;
    let trial = lake.trial_folder(run.id(), call.name())?;
    let folder = trial.path();
    let _unfinished = Unfinished::new(folder);
    let raw = folder.join("raw");
    fs::create_dir(&raw).with_context(|| format!("cannot make {}", raw.display()))?;

    let mut dumps = BTreeMap::new();
    for entity in Entity::ALL {
        let path = description.dumps.get(entity.name()).with_context(|| format!("the run names no {entity} dump"))?;
        let dump = DumpFile::open(path)?;
        let sample = raw.join(format!("discogs_{}_{entity}.xml.gz", description.dump_date));
        let records = write_first_records(&dump, entity, parameters.xml_test_records, &sample)?;
        call.say(format_args!("{records} {entity} from {}", dump.path.display()));
        call.set_metric(&format!("{entity}_records"), records);
        dumps.insert(entity, sample);
    }
    let steps = Steps {
        lake: folder.join("lake"),
        run_id: run.id(),
        month: &description.dump_month,
        dumps: &dumps,
        on_bad_record: parameters.on_bad_record,
    };
    let checks = steps.run(call)?;
    call.set_detail("checks", checks["checks"].clone());
    call.set_detail("report", checks["report"].clone());
    call.say(format_args!("the first records pass; what they gave is in {}", folder.display()));
    Ok(())
}
