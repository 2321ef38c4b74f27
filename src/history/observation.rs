//! The state of a run as the registry records it.

use anyhow::Context;

use crate::contract::Contract;
use crate::lake::{Lake, RunId, SealedRun};
use crate::sql::run_schema;

/// The state of a run according to its description and its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The run.
    pub run_id: String,
    /// The run's own schema in Trino.
    pub schema_name: String,
    /// Whether `active` points at the run.
    pub is_active: bool,
    /// `ok`, `skipped_active`, `missing_data` or `failed_incomplete`.
    pub status: String,
    /// The reason for the status.
    pub details: String,
    /// The month of the dumps.
    pub dump_month: Option<String>,
    /// The date in the names of the dumps.
    pub dump_date: Option<String>,
    /// The purpose of the run.
    pub run_mode: Option<String>,
}

const MISSING: &str = "missing_data";

impl Observation {
    /// Observes a run from its description, its manifest and the sizes of its files.
    ///
    /// # Errors
    /// Returns an error if the run's folder cannot be read.
    pub fn of_run(
        lake: &Lake,
        id: &RunId,
        active: Option<&RunId>,
        contract: &Contract,
        trino_schema: &str,
    ) -> anyhow::Result<Self> {
        let run = lake.run(id)?;
        let is_active = active == Some(id);
        let (status, details) = if !run.is_sealed()? {
            let wanted = contract.tables.iter().filter(|table| !table.optional);
            let there = wanted.clone().filter(|table| matches!(run.dataset(&table.folder()), Ok(Some(_)))).count();
            ("failed_incomplete", format!("not sealed; {there} of {} tables are there", wanted.count()))
        } else {
            match SealedRun::open(&run) {
                Err(error) => (MISSING, format!("{error:#}")),
                Ok(sealed) => match sealed.files_of_other_size().as_slice() {
                    [] if is_active => ("skipped_active", whole(&sealed)),
                    [] => ("ok", whole(&sealed)),
                    [first, rest @ ..] => {
                        let files = sealed.manifest().files.len();
                        let details = "files are missing or of another size than the manifest says, the first";
                        (MISSING, format!("{} of {files} {details}: {}", rest.len() + 1, first.path))
                    }
                },
            }
        };
        // An unreadable description is no error here: comparing the files with the manifest finds it.
        let description = run.description_if_there().unwrap_or_default();
        let month = description.as_ref().map(|run| run.dump_month.clone()).or_else(|| id.dump_month());
        Ok(Observation {
            run_id: id.to_string(),
            schema_name: run_schema(trino_schema, id.as_str()),
            is_active,
            status: status.to_owned(),
            details,
            dump_month: month.map(String::from),
            dump_date: description.as_ref().map(|run| run.dump_date.clone()),
            run_mode: description.map(|run| run.run_mode),
        })
    }

    /// Returns the observation with the status of a run whose folder is gone.
    pub fn gone(&self) -> Self {
        let details = "the run is no longer in the lake".to_owned();
        Observation { is_active: false, status: MISSING.to_owned(), details, ..self.clone() }
    }

    /// Parses a row of `sql/history/queries/registry.sql`.
    ///
    /// # Errors
    /// Returns an error if the row lacks the run, the schema or the status.
    pub fn of_row(row: &[Option<String>]) -> anyhow::Result<Self> {
        let text = |index: usize| row.get(index).cloned().flatten();
        let must = |index| text(index).context("an event of the registry has no run, schema or status");
        Ok(Observation {
            run_id: must(0)?,
            schema_name: must(1)?,
            is_active: text(2).as_deref() == Some("true"),
            status: must(3)?,
            details: text(4).unwrap_or_default(),
            dump_month: text(5),
            dump_date: text(6),
            run_mode: text(7),
        })
    }
}

fn whole(sealed: &SealedRun) -> String {
    let manifest = sealed.manifest();
    let rows: u64 = manifest.datasets.iter().map(|dataset| dataset.rows).sum();
    let bytes: u64 = manifest.datasets.iter().map(|dataset| dataset.bytes).sum();
    format!("{} tables, {rows} rows, {bytes} bytes, sealed {}", manifest.datasets.len(), manifest.sealed)
}
