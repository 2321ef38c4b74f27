//! Findings about the run as readers get it: its files since the seal, and the Iceberg tables over them and beside them.

use lake_catalog::Access;

use super::{Finding, Kind};
use crate::contract::Severity;
use crate::lake::{Lake, RunId, SealedRun};
use crate::tables::iceberg::{CatalogArgs, Tables};
use digdag_task::{Class, Failure, Observer};

/// Compares every file of a sealed run with its manifest.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn as_sealed(sealed: Result<&SealedRun, &anyhow::Error>, observer: &dyn Observer) -> anyhow::Result<Finding> {
    let differences = match sealed {
        Ok(sealed) => sealed.differences(observer)?,
        Err(error) => vec![format!("{error:#}")],
    };
    let advice = "the run must not be read: roll back, then build the month again in a new run";
    Ok(finding("run.as_sealed", differences, "every file is what the manifest says", advice))
}

/// Compares `main` of every Iceberg table with the published run. Returns `None` if the lake has no such tables.
///
/// # Errors
/// Fails if the catalog cannot be read.
pub fn is_main(lake: &Lake, run: &RunId, catalog: &CatalogArgs) -> anyhow::Result<Option<Finding>> {
    let Some(mut tables) = Tables::open(lake, Access::Read, catalog)? else { return Ok(None) };
    let deviations = tables.deviations(run)?;
    let advice = format!("rollback-table --to {run} puts main back, rebuild-catalog brings back a dropped table");
    Ok(Some(finding("run.is_main", deviations, "main of every table is the run's snapshot", &advice)))
}

/// Returns whether nothing but appends changed the bronze tables. `deviations` are the changes of another kind.
pub fn is_append_only(deviations: Vec<String>) -> Finding {
    let advice = "append-bronze-dump --bronze full appends a dump again";
    let passed = "every commit of the bronze tables is an append, and all rows are there";
    Finding { severity: Severity::Warn, ..finding("bronze.is_append_only", deviations, passed, advice) }
}

/// Returns whether Trino reads the rows that the files hold. `verified` is the number of tables, or why they differ.
///
/// # Errors
/// Returns the error of `verified`, unless it is that Trino reads other rows.
pub fn as_trino_reads_it(verified: anyhow::Result<usize>) -> anyhow::Result<Finding> {
    let (passed, differences) = match verified {
        Ok(tables) => (format!("Trino reads every row of {tables} tables, and filters them by their ids"), Vec::new()),
        Err(error) => match error.downcast::<Failure>()? {
            failure if failure.class == Class::ChecksFailed => (String::new(), vec![failure.message]),
            failure => return Err(failure.into()),
        },
    };
    Ok(finding("run.as_trino_reads_it", differences, &passed, "do not read it over Trino; register-tables says more"))
}

fn finding(check_name: &str, differences: Vec<String>, passed: &str, advice: &str) -> Finding {
    let details = match differences.as_slice() {
        [] => passed.to_owned(),
        [only] => format!("{only}; {advice}"),
        [first, others @ ..] => format!("{first}, and {} more; {advice}", others.len()),
    };
    Finding {
        check_name: check_name.to_owned(),
        kind: Kind::Regression,
        severity: Severity::Critical,
        value: differences.len() as u64,
        ok: differences.is_empty(),
        details,
        sample: differences,
    }
}
