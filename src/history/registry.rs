//! The registry of runs: an event for each run that is new, gone or changed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::events::{Cell, Events, after_all};
use super::observation::Observation;
use crate::contract::Contract;
use crate::lake::Lake;
use digdag_task::{Observer, SharedObserver};

const TABLE: &str = "run_registry_events";

struct Event {
    action: &'static str,
    observed: Observation,
}

/// The result of an update of the registry.
pub struct RegistryUpdate {
    /// The number of runs by status.
    pub runs: BTreeMap<String, u64>,
    /// The number of appended events.
    pub events: usize,
}

/// Appends an event for each run that changed since its last one; with `confirm`, for every run.
///
/// # Errors
/// Returns an error if the events or the runs of the lake cannot be read, or if the event file cannot be written.
pub fn update_registry(
    lake: &Lake,
    task: &str,
    trino_schema: &str,
    git_sha: Option<&str>,
    confirm: bool,
    observer: &dyn Observer,
    shared: SharedObserver,
) -> anyhow::Result<RegistryUpdate> {
    let contract = Contract::load()?;
    let events = Events::open(lake, task, shared)?;
    // The lock is held from reading the last events to appending the next; otherwise two calls could append the same
    // event.
    let _lock = events.folder().lock_registry(task, observer)?;
    let (_, rows) = events.query("registry")?;
    let known = rows.iter().map(|row| Observation::of_row(row).map(|observed| (observed.run_id.clone(), observed)));
    let known: BTreeMap<String, Observation> = known.collect::<anyhow::Result<_>>()?;
    let active = lake.active()?;

    let mut new = Vec::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let ids = lake.run_ids()?;
    for id in &ids {
        let observed = Observation::of_run(lake, id, active.as_ref(), &contract, trino_schema)?;
        *counts.entry(observed.status.clone()).or_default() += 1;
        let action = match known.get(id.as_str()) {
            None => "register",
            Some(before) if *before != observed => "update",
            Some(_) if confirm => "confirm",
            Some(_) => continue,
        };
        observer.detail(format_args!("{id}: {}, {}", observed.status, observed.details));
        new.push(Event { action, observed });
    }
    for before in known.values().filter(|before| !ids.iter().any(|id| id.as_str() == before.run_id)) {
        let observed = before.gone();
        if observed != *before {
            observer.detail(format_args!("{}: {}", observed.run_id, observed.details));
            new.push(Event { action: "remove", observed });
        }
    }
    if !new.is_empty() {
        let time = after_all(rows.iter().filter_map(|row| row.last()?.as_deref()));
        let rows: Vec<_> = new.iter().map(|event| event.row(time, git_sha, events.schema_version())).collect();
        events.append(TABLE, &rows)?;
    }
    Ok(RegistryUpdate { runs: counts, events: new.len() })
}

impl Event {
    /// Returns a row of `run_registry_events`, with its cells in the order of the columns.
    fn row<'e>(&'e self, time: Timestamp, git_sha: Option<&'e str>, schema_version: i64) -> Vec<Cell<'e>> {
        let observed = &self.observed;
        vec![
            Cell::Time(time),
            Cell::Text(Some(&observed.run_id)),
            Cell::Text(Some(&observed.schema_name)),
            Cell::Flag(observed.is_active),
            Cell::Text(Some(self.action)),
            Cell::Text(Some(&observed.status)),
            Cell::Text(Some(&observed.details)),
            Cell::Text(observed.dump_month.as_deref()),
            Cell::Text(observed.dump_date.as_deref()),
            Cell::Text(observed.run_mode.as_deref()),
            Cell::Text(git_sha),
            Cell::Number(Some(schema_version)),
        ]
    }
}
