//! `contract`: shows the data contract, and its changes against the published run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::check::Finding;
use crate::check::profile::{ColumnProfile, Profile, TableProfile};
use crate::check::schema::schema_changes;
use crate::contract::{Contract, Severity};
use crate::lake::{ColumnDescription, Lake, Run};
use crate::parquet::column_descriptions;
use digdag_task::{Call, Failure};

/// Show the data contract as JSON, and its changes against the published run
///
/// Reads sql/contract.yml as it was built in, or a file; an error names its line and column, and the exit status is 2.
/// The contract is the field `contract` of the result. With a lake, `changes` lists the differences from the active run
/// as a diff (+ added, - removed, ~ retyped); the exit status is 3 if they break a published table.
#[derive(Debug, Parser)]
#[command(name = "contract", version, after_help = EXAMPLE)]
pub struct ShowContract {
    /// Contract to read [default: the one built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) contract_file: Option<PathBuf>,

    /// Lake whose active run the contract is compared with
    #[arg(long, value_name = "FOLDER")]
    pub(crate) lake: Option<PathBuf>,
}

const EXAMPLE: &str = "\
Example:
  contract --contract-file sql/contract.yml --lake /data/lake";

/// Runs `contract`.
pub fn main() -> ExitCode {
    super::task(show_contract)
}

/// Reports the contract as JSON, and its changes against the published run. Fails if they break a published table.
fn show_contract(parameters: ShowContract, call: &mut Call) -> anyhow::Result<()> {
    let contract = match &parameters.contract_file {
        None => Contract::load()?,
        Some(path) => Contract::read(path)?,
    };
    call.set_metric("tables", contract.tables.len());
    call.set_detail("contract", serde_json::to_value(&contract)?);
    let Some(root) = &parameters.lake else { return Ok(()) };
    let lake = Lake::open(root)?;
    let Some(active) = lake.active()? else {
        call.set_detail("changes", serde_json::json!([]));
        return Ok(());
    };
    let run = lake.run(&active)?;
    let findings = schema_changes(&contract, &of_run(&contract, &run)?, &declared(&contract, &run));
    let changed: Vec<_> = findings.into_iter().filter(|finding| finding.value > 0).collect();
    for finding in &changed {
        call.say(format_args!("{} {}: {}", finding.severity, finding.check_name, finding.details));
    }
    call.set_detail("changes", serde_json::to_value(&changed)?);
    // Unpublished tables may change; the loop above has reported their changes.
    let breaks = |finding: &&Finding| !finding.ok && finding.severity == Severity::Critical;
    let broken: Vec<_> = changed.iter().filter(breaks).map(|finding| &finding.check_name).collect();
    match broken.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure::checks_failed(format!(
            "the contract breaks {} tables of the published run {active}, the first is {first}",
            broken.len()
        ))
        .hint("published columns keep their names, types and order; new ones come behind")
        .into()),
    }
}

fn declared(contract: &Contract, run: &Run) -> Profile {
    let mut profile = Profile::new(run);
    for table in &contract.tables {
        profile.tables.insert(table.name.clone(), columns_only(&column_descriptions(table)));
    }
    profile
}

fn of_run(contract: &Contract, run: &Run) -> anyhow::Result<Profile> {
    let mut profile = Profile::new(run);
    for table in &contract.tables {
        if let Some(dataset) = run.dataset(&table.folder())? {
            profile.tables.insert(table.name.clone(), columns_only(&dataset.columns));
        }
    }
    Ok(profile)
}

fn columns_only(columns: &[ColumnDescription]) -> TableProfile {
    let column = |column: &ColumnDescription| ColumnProfile {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        nulls: 0,
        empty_texts: 0,
        replaced: 0,
        mean: None,
    };
    TableProfile {
        sha256: String::new(),
        rows: 0,
        bytes: 0,
        keys: 0,
        keys_of: None,
        columns: columns.iter().map(column).collect(),
    }
}
