//! The run that another is compared with, and its profile.

use std::path::Path;

use super::profile::{Profile, profile_run};
use super::{Finding, Kind};
use crate::contract::{Contract, Severity};
use crate::lake::{Lake, Run, RunId};
use crate::sql::{DuckDb, EngineParameters};

/// The run that another is compared with.
pub enum Baseline {
    Run(Profile),
    /// No run, and the reason.
    None(String),
}

impl Baseline {
    /// Returns the published run; for the published run itself, the one published before it. A run of an earlier month is
    /// compared like every other: what it lacks is drift that has to be accepted.
    pub fn of(run: &Run, contract: &Contract, engine: &EngineParameters, spill: &Path) -> anyhow::Result<Self> {
        let lake = run.lake();
        let Some(id) = compared_with(lake, run)? else {
            return Ok(Baseline::None("no other run is or was published".to_owned()));
        };
        let published = lake.run(&id)?;
        let engine = DuckDb::open(engine, &spill.join("baseline"))?;
        Ok(Baseline::Run(profile_run(&engine, contract, &published)?))
    }

    /// Returns the published run that this run is compared with.
    pub fn run_id(&self) -> Option<&RunId> {
        match self {
            Baseline::Run(profile) => Some(&profile.run_id),
            Baseline::None(_) => None,
        }
    }

    /// Returns the finding that names the compared run.
    pub fn finding(&self) -> Finding {
        let details = match self {
            Baseline::Run(profile) => format!("compared with run {}", profile.run_id),
            Baseline::None(why) => format!("compared with no run: {why}"),
        };
        Finding {
            check_name: "drift.compared_with".to_owned(),
            kind: Kind::Drift,
            severity: Severity::Info,
            value: u64::from(matches!(self, Baseline::Run(_))),
            ok: true,
            details,
            sample: Vec::new(),
        }
    }
}

fn compared_with(lake: &Lake, run: &Run) -> anyhow::Result<Option<RunId>> {
    match lake.active()? {
        Some(active) if active != *run.id() => Ok(Some(active)),
        Some(_) => {
            let there = lake.run_ids()?;
            let mut previous = lake.previous()?.into_iter().map(|previous| previous.run_id);
            Ok(previous.find(|id| id != run.id() && there.contains(id)))
        }
        None => Ok(None),
    }
}
