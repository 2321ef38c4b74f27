//! The snapshots to compare, one after the other.

use std::str::FromStr;

use jiff::Timestamp;
use lake_catalog::{Snapshot, Table};

use crate::tables::iceberg::AsOf;
use digdag_task::Failure;

/// The state after which changes are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Before the first row.
    Start,
    /// The state at a time.
    Time(Timestamp),
    /// A snapshot.
    Snapshot(i64),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "start" => Ok(From::Start),
            Ok(AsOf::Time(time)) => Ok(From::Time(time)),
            Ok(AsOf::Snapshot(id)) => Ok(From::Snapshot(id)),
            _ => Err("expected start, a time (2026-11-20T12:00:00Z), a day or a snapshot id".to_owned()),
        }
    }
}

/// A pair of states; `None` is the table without rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub before: Option<i64>,
    pub after: i64,
}

/// Returns the snapshot of a state, or `None` for the state before the first row.
///
/// # Errors
/// Fails if the snapshot is unknown or has expired.
pub fn resolve(table: &Table, from: &From) -> anyhow::Result<Option<i64>> {
    let metadata = table.metadata();
    match from {
        From::Snapshot(id) if metadata.snapshot_by_id(*id).is_some() => Ok(Some(*id)),
        From::Snapshot(id) => Err(expired(table, &format!("snapshot {id}"))),
        From::Time(time) => match table.snapshot_at(time.as_millisecond()) {
            Some(snapshot) => Ok(Some(snapshot.snapshot_id())),
            None if begins_empty(table) => Ok(None),
            None => Err(expired(table, &format!("the state at {time}"))),
        },
        From::Start if begins_empty(table) => Ok(None),
        From::Start => Err(expired(table, "the first snapshot")),
    }
}

/// Returns the steps from a snapshot to the current one: one for each snapshot in between, or a single one if `main`
/// was moved back since.
///
/// # Errors
/// Fails if the snapshot has expired.
pub fn steps(table: &Table, from: Option<i64>) -> anyhow::Result<Vec<Step>> {
    let Some(current) = table.metadata().current_snapshot_id() else { return Ok(Vec::new()) };
    if from == Some(current) {
        return Ok(Vec::new());
    }
    if let Some(id) = from
        && table.metadata().snapshot_by_id(id).is_none()
    {
        return Err(expired(table, &format!("snapshot {id}")));
    }
    let ancestors: Vec<_> = table.ancestors(current).into_iter().map(Snapshot::snapshot_id).collect();
    let chain = match from {
        None => Some(0),
        Some(id) => ancestors.iter().position(|ancestor| *ancestor == id).map(|index| index + 1),
    };
    let Some(first) = chain else { return Ok(vec![Step { before: from, after: current }]) };
    let from = std::iter::once(from).chain(ancestors[first..].iter().copied().map(Some));
    Ok(from.zip(&ancestors[first..]).map(|(before, after)| Step { before, after: *after }).collect())
}

/// Returns whether the oldest snapshot of the current state is the table's first.
fn begins_empty(table: &Table) -> bool {
    let current = table.metadata().current_snapshot_id();
    current.is_none_or(|id| table.ancestors(id).first().is_none_or(|first| first.parent_snapshot_id().is_none()))
}

fn expired(table: &Table, what: &str) -> anyhow::Error {
    Failure::input(format!("table {} does not have {what}: it expired, or never was", table.name()))
        .hint("read the whole table with query, then its changes --from the snapshot that table-history shows")
        .into()
}
