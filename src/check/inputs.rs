//! Tables that belong together were made from the same things. `--replace` swaps table by table: a task that is killed
//! between two tables leaves some of this dump and some of another, each of them whole.

use super::{Finding, Kind};
use crate::lake::{Dataset, InputIdentity};
use crate::table::{Severity, Table};

/// One finding a table: made from the same inputs as its sister tables, and from the tables that this run holds.
pub fn inputs_agree(datasets: &[(&Table, Dataset)]) -> Vec<Finding> {
    let finding = |(table, dataset): &(&Table, Dataset)| {
        let wrong = strangers(table, dataset, datasets);
        Finding {
            check_name: format!("{}.inputs", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: wrong.len() as u64,
            ok: wrong.is_empty(),
            details: format!("{} inputs are not those of the other tables of this run", wrong.len()),
            sample: wrong,
        }
    };
    datasets.iter().map(finding).collect()
}

/// The inputs of a dataset that are not those of this run.
fn strangers(table: &Table, dataset: &Dataset, datasets: &[(&Table, Dataset)]) -> Vec<String> {
    let held = |input: &InputIdentity| datasets.iter().find(|(_, other)| other.table == input.name);
    let stale =
        dataset.inputs.iter().filter(|input| held(input).is_some_and(|(_, of)| !of.identity().same_content(input)));
    // Tables that are made from tables have inputs of their own each.
    let made_from_tables = dataset.inputs.iter().any(|input| held(input).is_some());
    let sister = datasets.iter().find(|(other, _)| other.producer == table.producer && !made_from_tables);
    let foreign = sister.filter(|(_, sister)| !dataset.made_from(&sister.producer, &sister.inputs));
    let foreign = foreign.into_iter().flat_map(|_| &dataset.inputs);
    stale.chain(foreign).map(|input| input.name.clone()).collect()
}
