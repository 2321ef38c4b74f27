//! Tables that belong together were made from the same things, and from those that the run was begun for. `--replace`
//! swaps table by table: a task that is killed between two tables leaves some of this dump and some of another, each of
//! them whole. And an ingest takes any dump that it is given by hand.

use super::{Finding, Kind};
use crate::contract::{Severity, Table};
use crate::dump::Entity;
use crate::lake::{Dataset, InputIdentity, RunDescription};

/// One finding a table: made from the same inputs as its sister tables, from the tables that this run holds, and from
/// the dump that its description names, where there is one.
pub fn inputs_agree(datasets: &[(&Table, Dataset)], description: Option<&RunDescription>) -> Vec<Finding> {
    let finding = |(table, dataset): &(&Table, Dataset)| {
        let mut wrong = strangers(table, dataset, datasets);
        let others = description.into_iter().flat_map(|run| other_dumps(table, dataset, run));
        wrong.extend(others.map(|input| input.name.clone()));
        wrong.sort();
        wrong.dedup();
        Finding {
            check_name: format!("{}.inputs", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            value: wrong.len() as u64,
            ok: wrong.is_empty(),
            details: format!(
                "{} inputs are not those that the run was begun for or that its other tables were made of",
                wrong.len()
            ),
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

/// The dumps of a dataset that are not those the run was begun for: by their bytes where these are known, else by name.
fn other_dumps<'d>(
    table: &Table,
    dataset: &'d Dataset,
    run: &RunDescription,
) -> impl Iterator<Item = &'d InputIdentity> {
    let entity = Entity::ALL.into_iter().find(|entity| table.producer == format!("ingest-{entity}"));
    let known = entity.and_then(|entity| run.checksums.get(entity.name())).cloned();
    let name = entity.and_then(|entity| run.dumps.get(entity.name())?.file_name()).map(ToOwned::to_owned);
    dataset.inputs.iter().filter(move |input| match (&known, &name) {
        (Some(known), _) => !known.same_content(input),
        (None, Some(name)) => *name != *input.name,
        (None, None) => false,
    })
}
