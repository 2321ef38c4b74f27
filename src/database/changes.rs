//! The next month by its changes: applied in place if few rows differ from the month that the schema holds.

use std::path::PathBuf;

use lake_database::{Error, Postgres, Table};
use serde_json::Value;

use super::failure::failure;
use super::loading::Stopped;
use super::plan::Plan;
use super::{Exported, ExportedTable, Request, keep_held};
use crate::sql::{DuckDb, SqlFile, quoted, text_literal};
use digdag_task::{Amount, Observer};

/// The largest share of rows that are deleted or inserted, an update counted as both, for which changes are applied. A
/// row takes several times longer this way than by COPY; docs/databases.md has the measurement.
const MAX_SHARE: f64 = 0.05;

/// A change feed from the run that the schema holds.
pub struct Feed {
    /// The changes, table by table.
    pub tables: Vec<ChangedTable>,
}

/// The changes of a table.
pub struct ChangedTable {
    /// Its SQL name.
    pub name: String,
    /// The Parquet file with the changed rows.
    pub file: PathBuf,
    /// The rows of the feed.
    pub changes: u64,
    /// The rows of the table after the changes.
    pub rows: u64,
}

/// Finds the feed from a run to the one that is exported, or returns `None` if there is none.
pub type FindFeed<'f> = dyn Fn(&str) -> anyhow::Result<Option<Feed>> + 'f;

/// Returns the run that the schema holds if only the run tells its identity from the new one.
pub fn run_before(held: &str, identity: &str) -> Option<String> {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (mut before, mut after) = (parsed(held)?, parsed(identity)?);
    let run = before.get("run_id")?.as_str()?.to_owned();
    for identity in [&mut before, &mut after] {
        let fields = identity.as_object_mut()?;
        fields.remove("run_id");
        fields.remove("manifest_sha256");
    }
    (before == after).then_some(run)
}

impl Feed {
    /// Returns the share of rows that change, of the tables of a plan.
    fn share(&self, plan: &Plan) -> f64 {
        let of_plan = |table: &&ChangedTable| plan.tables.iter().any(|planned| planned.table.name == table.name);
        let tables = || self.tables.iter().filter(of_plan);
        let (changes, rows) =
            (tables().map(|table| table.changes).sum::<u64>(), tables().map(|table| table.rows).sum::<u64>());
        changes as f64 / rows.max(1) as f64
    }
}

/// Applies a feed to the schema if that is cheaper than a load. Returns `None` if it is not, or cannot be done.
///
/// # Errors
/// Fails with the server's error, and if the feed cannot be read.
pub fn apply(
    feed: &Feed,
    plan: &mut Plan,
    identity: &str,
    postgres: &mut Postgres,
    engine: &DuckDb,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> anyhow::Result<Option<Exported>> {
    let share = feed.share(plan);
    if share > MAX_SHARE {
        observer.note(format_args!("{:.1} % of the rows changed, so all are loaded", share * 100.0));
        return Ok(None);
    }
    let candidates: Vec<_> = plan.tables.iter().map(|planned| planned.table.foreign_keys.clone()).collect();
    let not_held = keep_held(plan, engine, observer)?;
    let tables: Vec<&Table> = plan.tables.iter().map(|planned| &planned.table).collect();
    if !postgres.has_shape(&tables).map_err(failure)? {
        observer.note(format_args!("other references hold than before, so all rows are loaded"));
        for (planned, keys) in plan.tables.iter_mut().zip(candidates) {
            planned.table.foreign_keys = keys;
        }
        return Ok(None);
    }
    observer.note(format_args!("{:.1} % of the rows changed; these are applied", share * 100.0));
    let meter = observer.begin(Amount::steps(plan.tables.len()));
    let mut changes = postgres.begin_changes().map_err(failure)?;
    let mut exported = Vec::new();
    for (done, planned) in plan.tables.iter().enumerate() {
        let table = &planned.table;
        meter.advance_to(done as u64, &|| table.name.clone());
        let Some(changed) = feed.tables.iter().find(|changed| changed.name == table.name) else { continue };
        if changed.changes > 0 {
            let (sql, origin) = select(table, changed)?;
            let mut batches = engine.select(&sql, &origin)?;
            let applied = changes.apply(table, || batches.next_batch().map_err(Stopped::Rows));
            if let Err(Stopped::Database(Error::Changed(name))) = &applied {
                observer.note(format_args!("{name} was changed since it was exported, so all rows are loaded"));
                return Ok(None);
            }
            applied.map_err(Stopped::into_error)?;
        }
        exported.push(ExportedTable { name: table.name.clone(), rows: changed.rows });
    }
    changes.commit(request.run_id, identity).map_err(failure)?;
    Ok(Some(Exported { tables: exported, not_held, resumed: 0, was_there: false, by_changes: true }))
}

fn select(table: &Table, changed: &ChangedTable) -> anyhow::Result<(String, String)> {
    let file = SqlFile::load("databases/changes")?;
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let places = [("columns", columns.join(", ")), ("file", text_literal(&changed.file.to_string_lossy()))];
    Ok((file.with(&places.each_ref().map(|(place, value)| (*place, value.as_str()))), file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exports_of_one_kind_are_changed_into_each_other() {
        let identity =
            |run: &str, keys: bool| format!(r#"{{"run_id":"{run}","manifest_sha256":"{run}","keys":{keys}}}"#);
        assert_eq!(run_before(&identity("a", true), &identity("b", true)).as_deref(), Some("a"));
        assert_eq!(run_before(&identity("a", true), &identity("b", false)), None);
        assert_eq!(run_before("", &identity("b", true)), None);
    }
}
