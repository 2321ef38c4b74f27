//! The query of a gold table, run by Trino over the tables of the run.
//!
//! Trino writes the rows into the task's scratch folder. DuckDB reads them from there, compares their checksum with that of
//! Trino, and from then on they are proven, written and committed as its own.

use std::path::Path;

use anyhow::Context;
use lake_catalog::Table;

use super::Definition;
use super::definition::Column;
use crate::contract::Contract;
use crate::lake::{Lake, Run};
use crate::sql::statement::{filled, piece};
use crate::sql::{TrinoParameters, quoted, text_literal};
use crate::tables::register::{Checksum, Schema, WrittenByTrino, marked, register_run};
use digdag_task::{Failure, SharedObserver};

/// The view that queries of mode `month` read.
const MONTHS_BEFORE: &str = "months_before";

/// The tables of a run in Trino.
pub struct TrinoGold<'t> {
    lake: &'t Lake,
    parameters: &'t TrinoParameters,
    /// Trino's catalog over the lake's Iceberg catalog.
    iceberg: &'t str,
    schema: Schema,
}

impl<'t> TrinoGold<'t> {
    /// Registers the tables of a run in Trino.
    ///
    /// # Errors
    /// Fails if Trino fails, or if its schema of the run has something else.
    pub fn open(
        contract: &Contract,
        run: &'t Run,
        (parameters, iceberg): (&'t TrinoParameters, &'t str),
        observer: &SharedObserver,
    ) -> anyhow::Result<Self> {
        let schema = register_run(contract, run, parameters, observer)?;
        Ok(TrinoGold { lake: run.lake(), parameters, iceberg, schema })
    }

    /// Computes the rows of a table, and passes the files to `take`, which returns the checksum as it reads them beside its own
    /// result. `before` is the table with the months before, of a table that has months, and the first day of the new one.
    ///
    /// # Errors
    /// Fails if Trino fails, or if the checksums differ.
    pub fn compute<T>(
        &self,
        table: &Definition,
        sql: &str,
        before: Option<(Option<&Table>, &str)>,
        folder: &Path,
        take: impl FnOnce(&[std::path::PathBuf], &[&str]) -> anyhow::Result<(Checksum, T)>,
    ) -> anyhow::Result<T> {
        if let Some((base, first_day)) = before {
            self.create_view(table, base, first_day)?;
        }
        // Engines write numbers with a fraction in different ways.
        let compared = table.columns.iter().filter(|column| column.sql_type != "DOUBLE");
        let compared: Vec<_> = compared.map(|column| column.name.as_str()).collect();
        let written = WrittenByTrino { lake: self.lake, schema: &self.schema, parameters: self.parameters, folder };
        let name = format!("gold_{}", table.name.name);
        let taken = written.write(&name, (sql, &table.query.path), &compared, &[], |files, expected| {
            let (found, taken) = take(files, &compared)?;
            if found == expected {
                return Ok(taken);
            }
            Err(Failure::external(format!(
                "{} was computed by Trino with {} rows, checksum {}; its files have {} rows, checksum {}",
                table.name, expected.rows, expected.sum, found.rows, found.sum
            ))
            .hint("is the lake mounted writable where trino_lake_root says? Nothing was committed; engine=duckdb needs no mount")
            .into())
        });
        if before.is_some() {
            self.schema.drop_view(MONTHS_BEFORE)?;
        }
        taken
    }

    fn create_view(&self, table: &Definition, base: Option<&Table>, first_day: &str) -> anyhow::Result<()> {
        let view = self.schema.table(MONTHS_BEFORE);
        let comment = text_literal(&marked("The months before the one that is built.", &[first_day]));
        let current = base.and_then(|base| base.metadata().current_snapshot_id());
        let (sql, origin) = match current {
            Some(snapshot) => {
                let name = [self.iceberg, &table.name.namespace, &table.name.name].map(quoted).join(".");
                let columns: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
                filled(
                    "gold/statement/trino_months_before",
                    &[
                        ("view", &view),
                        ("comment", &comment),
                        ("columns", &columns.join(", ")),
                        ("table", &name),
                        ("snapshot", &snapshot.to_string()),
                        ("first_day", &text_literal(first_day)),
                    ],
                )?
            }
            None => {
                let none = |column: &Column| {
                    piece("gold/statement/no_value", &[("type", &column.sql_type), ("column", &quoted(&column.name))])
                };
                let columns = table.columns.iter().map(none).collect::<anyhow::Result<Vec<_>>>()?.join(", ");
                filled(
                    "gold/statement/trino_no_months",
                    &[("view", &view), ("comment", &comment), ("columns", &columns)],
                )?
            }
        };
        self.schema.trino().execute(&sql, &origin).context("Trino cannot read the months before")
    }
}
