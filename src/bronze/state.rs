//! The records of a dump by bronze alone: for each the load that has its row, and its position in the dump.

use anyhow::Context;
use arrow::array::{Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;

use super::held::sql_name;
use super::known::{Known, KnownWriter};
use super::load::Load;
use crate::dump::Entity;
use crate::sql::statement::{filled, run};
use crate::sql::{DuckDb, text_literal};

/// The records of a dump, in a table of DuckDB.
pub struct State<'s> {
    engine: &'s DuckDb,
    /// The name of the table.
    table: String,
}

impl<'s> State<'s> {
    /// Computes the records of the last load of a chain. DuckDB has the table of the entity and the database `work`.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn compute(engine: &'s DuckDb, entity: Entity, chain: &[Load]) -> anyhow::Result<Self> {
        let mut before = String::new();
        for (number, load) in chain.iter().enumerate() {
            let table = format!("work.state_{number}");
            let (rows, time, number) = (sql_name(entity), text_literal(&load.sql_time()), number.to_string());
            let places = [("table", &table), ("rows", &rows), ("time", &time), ("load", &number), ("before", &before)];
            let places = places.map(|(place, value)| (place, value.as_str()));
            run(engine, if before.is_empty() { "bronze/state_of_all" } else { "bronze/state_after_changes" }, &places)?;
            if !before.is_empty() {
                run(engine, "bronze/drop_state", &[("table", &before)])?;
            }
            before = table;
        }
        Ok(State { engine, table: before })
    }

    /// Writes the latest record of each id into a file.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or if the file cannot be written.
    pub fn known(&self, path: &std::path::Path) -> anyhow::Result<Known> {
        let mut writer = KnownWriter::create(path)?;
        let (sql, origin) = filled("bronze/state_by_id", &[("table", &self.table)])?;
        self.engine.stream(&sql, &origin, |batch| {
            let (ids, md5, positions) = (numbers(&batch, 0)?, texts(&batch, 1)?, numbers(&batch, 2)?);
            for row in 0..batch.num_rows() {
                let mut bytes = [0; 16];
                hex::decode_to_slice(md5.value(row), &mut bytes).context("record_hash is no MD5")?;
                writer.push(ids.value(row), &bytes, positions.value(row))?;
            }
            Ok(())
        })?;
        writer.finish()
    }

    /// Passes the records to `take`, in the order of the dump: the number of the load in the chain, the position in that
    /// load's dump, and the MD5 of the record in hexadecimal digits.
    ///
    /// # Errors
    /// Fails with DuckDB's error, and with the first error of `take`.
    pub fn each(&self, mut take: impl FnMut(usize, i64, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let (sql, origin) = filled("bronze/state_by_position", &[("table", &self.table)])?;
        self.engine.stream(&sql, &origin, |batch| {
            let (loads, positions, md5) = (numbers(&batch, 0)?, numbers(&batch, 1)?, texts(&batch, 2)?);
            (0..batch.num_rows())
                .try_for_each(|row| take(usize::try_from(loads.value(row))?, positions.value(row), md5.value(row)))
        })
    }
}

/// Returns an id that several rows of files have, if there is one.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn repeated_id(engine: &DuckDb, files: &[&std::path::Path]) -> anyhow::Result<Option<i64>> {
    if files.is_empty() {
        return Ok(None);
    }
    let files: Vec<_> = files.iter().map(|file| text_literal(&file.to_string_lossy())).collect();
    let (sql, origin) = filled("bronze/repeated_id", &[("files", &files.join(", "))])?;
    let mut found = None;
    engine.stream(&sql, &origin, |batch| {
        found = numbers(&batch, 0)?.iter().flatten().next();
        Ok(())
    })?;
    Ok(found)
}

/// Attaches the database in which states are kept, in a folder, so that DuckDB need not hold them in memory.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn attach_work(engine: &DuckDb, folder: &std::path::Path) -> anyhow::Result<()> {
    let file = folder.join("state.duckdb");
    run(engine, "bronze/attach", &[("file", &text_literal(&file.to_string_lossy()))])
}

fn numbers(batch: &RecordBatch, column: usize) -> anyhow::Result<&Int64Array> {
    batch.column(column).as_any().downcast_ref().context("expected a BIGINT")
}

fn texts(batch: &RecordBatch, column: usize) -> anyhow::Result<&StringArray> {
    batch.column(column).as_any().downcast_ref().context("expected a VARCHAR")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bronze::load::Mode;

    const RESULT: &str = "SELECT id, position, load FROM work.state_3 ORDER BY position";

    /// A load whose rows are `(id, position)`; a position of 0 is a deletion.
    fn load(engine: &DuckDb, number: usize, rows: &[(i64, i64)]) -> Load {
        let ingested_at = jiff::Timestamp::from_microsecond(number as i64 + 1).expect("a time");
        for (id, position) in rows {
            let hash = if *position == 0 { "NULL".to_owned() } else { format!("md5('{id} {number}')") };
            let position = if *position == 0 { "NULL".to_owned() } else { position.to_string() };
            let time = format!("CAST('1970-01-01 00:00:00.{:06}+00' AS TIMESTAMPTZ)", number + 1);
            let sql = format!("INSERT INTO bronze.labels VALUES ({id}, {position}, {time}, {hash})");
            engine.execute(&sql, "test").expect("a row");
        }
        Load {
            ingested_at,
            dump_month: "2026-11".parse().expect("a month"),
            source_file: String::new(),
            sha256: String::new(),
            mode: if number == 0 { Mode::Full } else { Mode::Changes },
            records: 0,
            rows: rows.len() as u64,
            is_keyed: true,
            records_md5: String::new(),
            root_attributes: Vec::new(),
        }
    }

    #[test]
    fn unchanged_records_fill_the_gaps_between_changed_ones() {
        let (engine, folder) = DuckDb::of_test();
        attach_work(&engine, folder.path()).expect("a database");
        engine.execute("CREATE SCHEMA bronze", "test").expect("a schema");
        let columns = "id BIGINT, position BIGINT, ingestion_timestamp TIMESTAMPTZ, record_hash VARCHAR";
        engine.execute(&format!("CREATE TABLE bronze.labels ({columns})"), "test").expect("a table");
        let chain = [
            // 10 20 30 40 50
            load(&engine, 0, &[(10, 1), (20, 2), (30, 3), (40, 4), (50, 5)]),
            // 5 10 15 16 30' 40: three new, 30 updated, 20 and 50 gone
            load(&engine, 1, &[(5, 1), (15, 3), (16, 4), (30, 5), (20, 0), (50, 0)]),
            // no change
            load(&engine, 2, &[]),
            // 20 is back, 40 moved to the front, 16 updated: 40 5 10 15 16' 20 30'
            load(&engine, 3, &[(40, 1), (16, 5), (20, 6)]),
        ];
        let state = State::compute(&engine, Entity::Labels, &chain).expect("the state");
        let (_, rows) = engine.table(RESULT, "test").expect("rows");
        let rows: Vec<Vec<i64>> =
            rows.iter().map(|row| row.iter().flatten().map(|it| it.parse().expect("a number")).collect()).collect();
        let expected =
            [[40, 1, 3], [5, 2, 1], [10, 3, 0], [15, 4, 1], [16, 5, 3], [20, 6, 3], [30, 7, 1]].map(Vec::from);
        assert_eq!(rows, expected);
        let mut places = Vec::new();
        state
            .each(|load, position, md5| {
                assert_eq!(md5.len(), 32);
                places.push((load, position));
                Ok(())
            })
            .expect("the records");
        assert_eq!(places, [(3, 1), (1, 1), (0, 1), (1, 3), (3, 5), (3, 6), (1, 5)]);
        let mut known = state.known(&folder.path().join("known")).expect("the file");
        assert_eq!(known.find(30).expect("a lookup").map(|entry| entry.position), Some(7));
        assert_eq!(known.find(50).expect("a lookup"), None);
    }
}
