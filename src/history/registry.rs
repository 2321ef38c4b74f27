use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::events::{Cell, Events, after_all};
use super::observation::Observation;
use crate::contract::Contract;
use crate::lake::Lake;
use digdag_task::{Call, boolean};

const TABLE: &str = "run_registry_events";

/// What update-run-registry takes.
#[derive(Args, Debug)]
pub struct RegistryParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// Append an event for each run, even where nothing changed
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub confirm: bool,

    /// The commit of this software, kept in the events [default: what it was built with, where that was said]
    #[arg(long, env = "DISCOGS_GIT_SHA", value_name = "SHA")]
    pub git_sha: Option<String>,

    /// The schema over what is published in Trino; that of a run is named after it
    #[arg(long, value_name = "NAME", default_value = "discogs")]
    pub trino_schema: String,
}

struct Event {
    action: &'static str,
    observed: Observation,
}

/// Appends an event for each run of which something changed since its last one.
pub fn update_run_registry(parameters: RegistryParameters, call: &mut Call) -> anyhow::Result<()> {
    let lake = Lake::open(&parameters.lake)?;
    let contract = Contract::load()?;
    let events = Events::open(&lake, call.name())?;
    // From reading the last events to appending the next: two at once would both append the same.
    let _lock = events.folder().lock_registry(call.name())?;
    let (_, rows) = events.query("registry")?;
    let known = rows.iter().map(|row| Observation::of_row(row).map(|observed| (observed.run_id.clone(), observed)));
    let known: BTreeMap<String, Observation> = known.collect::<anyhow::Result<_>>()?;
    let active = lake.active()?;

    let mut new = Vec::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let ids = lake.run_ids()?;
    for id in &ids {
        let observed = Observation::of_run(&lake, id, active.as_ref(), &contract, &parameters.trino_schema)?;
        *counts.entry(observed.status.clone()).or_default() += 1;
        let action = match known.get(id.as_str()) {
            None => "register",
            Some(before) if *before != observed => "update",
            Some(_) if parameters.confirm => "confirm",
            Some(_) => continue,
        };
        call.say(format_args!("{id}: {}, {}", observed.status, observed.details));
        new.push(Event { action, observed });
    }
    for before in known.values().filter(|before| !ids.iter().any(|id| id.as_str() == before.run_id)) {
        let observed = before.gone();
        if observed != *before {
            call.say(format_args!("{}: {}", observed.run_id, observed.details));
            new.push(Event { action: "remove", observed });
        }
    }

    call.set_detail("runs", serde_json::to_value(&counts)?);
    call.set_metric("events", new.len());
    if new.is_empty() {
        call.already_done();
        return Ok(());
    }
    let sha = parameters.git_sha.as_deref().or(option_env!("DISCOGS_GIT_SHA"));
    let time = after_all(rows.iter().filter_map(|row| row.last()?.as_deref()));
    let rows: Vec<_> = new.iter().map(|event| event.row(time, sha, events.schema_version())).collect();
    events.append(TABLE, &rows)
}

impl Event {
    /// The columns of `run_registry_events`, in order.
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
