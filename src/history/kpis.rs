use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::events::{Cell, Events, Rows, after_all};
use super::kpi_query::KpiQuery;
use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::sql::{DuckDb, Engine, EngineParameters, run_schema};
use crate::tables::mount_run;
use digdag_task::{Call, Failure, boolean};

const TABLE: &str = "kpi_snapshot_events";

/// The longest reason that is kept.
const DETAILS: usize = 500;

/// What compute-kpis takes.
#[derive(Args, Debug)]
pub struct KpiParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// Only this run [default: every run that the registry calls ok or skipped_active]
    #[arg(long, value_name = "RUN_ID")]
    pub only_run_id: Option<RunId>,

    /// End with an error at the first KPI that fails, instead of recording it and going on
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub strict: bool,

    /// Compute those again that are there already; a value that came out the same is not appended
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub recompute: bool,

    /// A folder of further KPIs: each <name>.sql a query over a run's tables that gives one number
    #[arg(long, value_name = "FOLDER")]
    pub kpi_folder: Option<PathBuf>,

    /// The schema over what is published in Trino; that of a run is named after it
    #[arg(long, value_name = "NAME", default_value = "discogs")]
    pub trino_schema: String,

    #[command(flatten)]
    pub engine: EngineParameters,
}

/// A value, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Snapshot {
    value: Option<i64>,
    details: Option<String>,
}

type Snapshots = BTreeMap<String, Snapshot>;

/// Computes the KPIs that registered runs lack, and appends them as events, one file a run.
pub fn compute_kpis(parameters: KpiParameters, call: &mut Call) -> anyhow::Result<()> {
    let lake = Lake::open(&parameters.lake)?;
    let events = Events::open(&lake, call.name())?;
    let kpis = KpiQuery::all(parameters.kpi_folder.as_deref())?;
    let runs = registered(&events, parameters.only_run_id.as_ref())?;
    let (mut appended, mut failed) = (0, 0);
    for id in &runs {
        let _lock = events.folder().lock_kpis(id, call.name())?;
        let rows = events.query("kpis")?.1;
        let before = known(&rows, id);
        let wanted = |kpi: &&KpiQuery| {
            parameters.recompute || before.get(&kpi.name).is_none_or(|snapshot| snapshot.value.is_none())
        };
        let wanted: Vec<&KpiQuery> = kpis.iter().filter(wanted).collect();
        if wanted.is_empty() {
            continue;
        }
        let time = after_all(rows.iter().filter_map(|row| row.first()?.as_deref()));
        let run = Computation { lake: &lake, events: &events, id, time, parameters: &parameters };
        let (computed, stopped) = run.compute(&wanted, &before)?;
        let new: Snapshots = computed.into_iter().filter(|(name, found)| before.get(name) != Some(found)).collect();
        run.append(&new)?;
        appended += new.len();
        for (name, reason) in new.iter().filter_map(|(name, found)| Some((name, found.details.as_ref()?))) {
            failed += 1;
            call.say(format_args!("{id}: {name} failed: {reason}"));
        }
        call.say(format_args!("{id}: {} KPIs computed", new.len()));
        if let Some(failure) = stopped {
            call.set_run_id(id);
            return Err(failure.into());
        }
    }
    call.set_metric("runs", runs.len());
    call.set_metric("kpis", appended);
    call.set_metric("kpis_failed", failed);
    if appended == 0 {
        call.already_done();
    }
    Ok(())
}

/// The runs of the registry whose tables are whole.
fn registered(events: &Events, only: Option<&RunId>) -> anyhow::Result<Vec<RunId>> {
    let (_, rows) = events.query("runs_with_data")?;
    let ids = rows.into_iter().filter_map(|row| row.into_iter().next().flatten()?.parse().ok());
    let ids: Vec<RunId> = ids.filter(|id| only.is_none_or(|only| only == id)).collect();
    match only {
        Some(only) if ids.is_empty() => {
            Err(Failure::parameters(format!("the registry knows no run {only} whose tables are whole"))
                .hint("run update-run-registry first; it says what is wrong with a run")
                .into())
        }
        _ => Ok(ids),
    }
}

/// The last snapshots of a run, from rows of `sql/history/queries/kpis.sql`.
fn known(rows: &Rows, id: &RunId) -> Snapshots {
    let of_run = rows.iter().filter(|row| row.get(1).and_then(Option::as_deref) == Some(id.as_str()));
    let snapshots = of_run.filter_map(|row| match row.as_slice() {
        [_, _, _, Some(name), value, _, details] => {
            let value = value.as_deref().and_then(|value| value.parse().ok());
            Some((name.clone(), Snapshot { value, details: details.clone() }))
        }
        _ => None,
    });
    snapshots.collect()
}

struct Computation<'c> {
    lake: &'c Lake,
    events: &'c Events,
    id: &'c RunId,
    /// Of the events to be appended.
    time: Timestamp,
    parameters: &'c KpiParameters,
}

impl Computation<'_> {
    /// What came out, and with `strict` the failure that ended it.
    fn compute(&self, wanted: &[&KpiQuery], before: &Snapshots) -> anyhow::Result<(Snapshots, Option<Failure>)> {
        let engine = DuckDb::open(&self.parameters.engine, &self.events.scratch().join("spill"))?;
        mount_run(&engine, &Contract::load()?, &self.lake.run(self.id)?)?;
        let mut computed = Snapshots::new();
        for derived in [false, true] {
            if derived {
                self.mount_values(&engine, before, &computed)?;
            }
            for kpi in wanted.iter().filter(|kpi| kpi.derived == derived) {
                let snapshot = match kpi.value(&engine) {
                    Ok(value) => Snapshot { value: Some(value), details: None },
                    Err(error) => Snapshot { value: None, details: Some(reason(&error)) },
                };
                let failed = snapshot.details.clone();
                computed.insert(kpi.name.clone(), snapshot);
                if let (true, Some(reason)) = (self.parameters.strict, failed) {
                    let failure =
                        Failure::checks_failed(format!("KPI {} of run {} failed: {reason}", kpi.name, self.id));
                    return Ok((computed, Some(failure.hint("without strict it is recorded and the others go on"))));
                }
            }
        }
        Ok((computed, None))
    }

    /// `kpi_values`, what derived KPIs read: the values so far.
    fn mount_values(&self, engine: &DuckDb, before: &Snapshots, computed: &Snapshots) -> anyhow::Result<()> {
        let mut values = before.clone();
        values.extend(computed.clone());
        let path = self.events.scratch().join(format!("kpi_values.{}.parquet", self.id));
        self.events.write(TABLE, &self.rows(&values, &self.schema_name()), &path)?;
        engine.mount("kpi_values", &[path])
    }

    fn append(&self, snapshots: &Snapshots) -> anyhow::Result<()> {
        if snapshots.is_empty() {
            return Ok(());
        }
        self.events.append(TABLE, &self.rows(snapshots, &self.schema_name()))
    }

    fn schema_name(&self) -> String {
        run_schema(&self.parameters.trino_schema, self.id.as_str())
    }

    /// The columns of `kpi_snapshot_events`, in order.
    fn rows<'r>(&'r self, snapshots: &'r Snapshots, schema_name: &'r str) -> Vec<Vec<Cell<'r>>> {
        let row = |(name, snapshot): (&'r String, &'r Snapshot)| {
            vec![
                Cell::Time(self.time),
                Cell::Text(Some(self.id.as_str())),
                Cell::Text(Some(schema_name)),
                Cell::Text(Some(name)),
                Cell::Number(snapshot.value),
                Cell::Text(Some(if snapshot.value.is_some() { "ok" } else { "failed" })),
                Cell::Text(snapshot.details.as_deref()),
                Cell::Number(Some(self.events.schema_version())),
            ]
        };
        snapshots.iter().map(row).collect()
    }
}

/// One line, not too long.
fn reason(error: &anyhow::Error) -> String {
    let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(DETAILS).collect()
}
