//! Checks that the tables of a task were made from the same inputs, and from the dumps that the run was begun for.
//! `--replace=true` replaces table by table, so a task that is killed in between leaves whole tables of two dumps; and an
//! ingest that is run by hand accepts any dump.

use super::{Finding, Kind};
use crate::contract::{Severity, Table};
use crate::dump::Entity;
use crate::lake::{Dataset, InputIdentity, RunDescription};

/// Returns a finding for each table: its inputs must be those of the other tables of its task, the tables of this run,
/// and the dump that the description of the run names, if there is one.
pub fn inputs_agree(datasets: &[(&Table, Dataset)], description: Option<&RunDescription>) -> Vec<Finding> {
    let finding = |(table, dataset): &(&Table, Dataset)| {
        let mut wrong = foreign_inputs(table, dataset, datasets);
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

/// Returns the inputs of a dataset that do not belong to this run.
fn foreign_inputs(table: &Table, dataset: &Dataset, datasets: &[(&Table, Dataset)]) -> Vec<String> {
    let held = |input: &InputIdentity| datasets.iter().find(|(_, other)| other.table == input.name);
    let stale =
        dataset.inputs.iter().filter(|input| held(input).is_some_and(|(_, of)| !of.identity().same_content(input)));
    // The tables of the warehouse have different inputs each.
    let made_from_tables = dataset.inputs.iter().any(|input| held(input).is_some());
    let sister = datasets.iter().find(|(other, _)| other.producer == table.producer && !made_from_tables);
    let foreign = sister.filter(|(_, sister)| !dataset.made_from(&sister.producer, &sister.inputs));
    let foreign = foreign.into_iter().flat_map(|_| &dataset.inputs);
    stale.chain(foreign).map(|input| input.name.clone()).collect()
}

/// Returns the dumps of a dataset that the run was not begun for, by checksum if it is known, otherwise by name.
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
