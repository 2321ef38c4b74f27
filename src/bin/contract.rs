//! Task: shows the data contract.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{ContractParameters, show_contract};

/// Shows the data contract as JSON, and what it changes against what is published
///
/// Reads sql/contract.yml as it was built in, or a file; a mistake is told with its line and column, and the exit status
/// is 2. The contract is the field `contract` of the result. With a lake, `changes` is what differs from the run that
/// active points at, as a diff (+ added, - removed, ~ retyped); exit status 3 when that breaks a published table.
#[derive(Parser)]
#[command(name = "contract", version, after_help = EXAMPLE)]
struct ShowContract {
    #[command(flatten)]
    parameters: ContractParameters,
}

const EXAMPLE: &str = "\
Example:
  contract --contract-file sql/contract.yml --lake /data/lake";

fn main() -> ExitCode {
    task::main(|task: ShowContract, call| show_contract(task.parameters, call))
}
