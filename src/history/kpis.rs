//! KPIs of runs: the values that `sql/kpis` computes over the tables of each run, appended as events.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::events::{Cell, Events, Rows, after_all};
use super::kpi_query::KpiQuery;
use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::sql::{DuckDb, Engine, EngineParameters, Sandbox, SandboxParameters, run_schema};
use crate::tables::mount_run;
use digdag_task::{Failure, SharedObserver};

const TABLE: &str = "kpi_snapshot_events";

/// The most characters of a failure's reason in an event.
const DETAILS: usize = 500;

/// The parameters of the computation of KPIs.
#[derive(Debug)]
pub struct KpiOptions<'o> {
    /// Whether the first KPI that fails ends the computation, instead of being recorded.
    pub strict: bool,
    /// Whether KPIs that the history already holds are computed again.
    pub recompute: bool,
    /// A folder of further KPIs.
    pub kpi_folder: Option<&'o Path>,
    /// The schema over what is published, for the names of run schemas.
    pub trino_schema: &'o str,
    /// The bounds of SQL that users bring.
    pub sandbox: SandboxParameters,
    /// The bounds of DuckDB.
    pub engine: &'o EngineParameters,
}

/// The result of a computation for one run.
pub struct ComputedKpis {
    /// The number of appended events.
    pub appended: usize,
    /// The appended KPIs that failed, each with the reason.
    pub failed: Vec<(String, String)>,
    /// With `strict`, the failure that ended the computation.
    pub stopped: Option<Failure>,
}

/// The value of a KPI, or the reason for its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Snapshot {
    value: Option<i64>,
    details: Option<String>,
}

type Snapshots = BTreeMap<String, Snapshot>;

/// Computes the KPIs of registered runs.
pub struct Kpis<'k> {
    lake: &'k Lake,
    events: Events,
    task: &'k str,
    queries: Vec<KpiQuery>,
    options: KpiOptions<'k>,
}

impl<'k> Kpis<'k> {
    /// Loads the queries and opens the events.
    ///
    /// # Errors
    /// Returns an error if a query or the history of the lake cannot be read.
    pub fn open(
        lake: &'k Lake,
        task: &'k str,
        options: KpiOptions<'k>,
        observer: SharedObserver,
    ) -> anyhow::Result<Self> {
        let events = Events::open(lake, task, observer)?;
        let queries = KpiQuery::all(options.kpi_folder)?;
        Ok(Kpis { lake, events, task, queries, options })
    }

    /// Returns the runs of the registry whose tables are complete, or only the run `only`.
    ///
    /// # Errors
    /// Returns an error if the registry does not list the run `only`.
    pub fn runs(&self, only: Option<&RunId>) -> anyhow::Result<Vec<RunId>> {
        let (_, rows) = self.events.query("runs_with_data")?;
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

    /// Computes the KPIs that a run lacks and appends them as events in one file. Returns `None` if it lacks none.
    ///
    /// # Errors
    /// Returns an error if another process computes the KPIs of the run, or if its tables cannot be read.
    pub fn compute(&self, id: &RunId) -> anyhow::Result<Option<ComputedKpis>> {
        let _lock = self.events.folder().lock_kpis(id, self.task)?;
        let rows = self.events.query("kpis")?.1;
        let before = known(&rows, id);
        let wanted = |kpi: &&KpiQuery| {
            self.options.recompute || before.get(&kpi.name).is_none_or(|snapshot| snapshot.value.is_none())
        };
        let wanted: Vec<&KpiQuery> = self.queries.iter().filter(wanted).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let time = after_all(rows.iter().filter_map(|row| row.first()?.as_deref()));
        let run = Computation { lake: self.lake, events: &self.events, id, time, options: &self.options };
        let (computed, stopped) = run.compute(&wanted, &before)?;
        let new: Snapshots = computed.into_iter().filter(|(name, found)| before.get(name) != Some(found)).collect();
        run.append(&new)?;
        let failed = new.iter().filter_map(|(name, found)| Some((name.clone(), found.details.clone()?)));
        Ok(Some(ComputedKpis { appended: new.len(), failed: failed.collect(), stopped }))
    }
}

/// Returns the last snapshots of a run from the rows of `sql/history/queries/kpis.sql`.
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
    /// The time of the events to append.
    time: Timestamp,
    options: &'c KpiOptions<'c>,
}

impl Computation<'_> {
    /// Computes the wanted KPIs. Returns their values and, with `strict`, the failure that ended the computation.
    fn compute(&self, wanted: &[&KpiQuery], before: &Snapshots) -> anyhow::Result<(Snapshots, Option<Failure>)> {
        let engine = DuckDb::open(self.options.engine, &self.events.scratch().join("spill"))?;
        mount_run(&engine, &Contract::load()?, &self.lake.run(self.id)?)?;
        let sandbox = Sandbox::new(engine, self.lake.root(), &[], self.options.sandbox)?;
        let mut computed = Snapshots::new();
        for derived in [false, true] {
            if derived {
                self.mount_values(sandbox.engine(), before, &computed)?;
            }
            for kpi in wanted.iter().filter(|kpi| kpi.derived == derived) {
                let snapshot = match kpi.value(&sandbox) {
                    Ok(value) => Snapshot { value: Some(value), details: None },
                    Err(error) => Snapshot { value: None, details: Some(reason(&error)) },
                };
                let failed = snapshot.details.clone();
                computed.insert(kpi.name.clone(), snapshot);
                if let (true, Some(reason)) = (self.options.strict, failed) {
                    let failure =
                        Failure::checks_failed(format!("KPI {} of run {} failed: {reason}", kpi.name, self.id));
                    return Ok((computed, Some(failure.hint("without strict it is recorded and the others go on"))));
                }
            }
        }
        Ok((computed, None))
    }

    /// Mounts the values so far as `kpi_values`, which derived KPIs read.
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
        run_schema(self.options.trino_schema, self.id.as_str())
    }

    /// Returns the rows of `kpi_snapshot_events`, each with its cells in the order of the columns.
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

/// Returns an error as one line of at most [`DETAILS`] characters.
fn reason(error: &anyhow::Error) -> String {
    let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(DETAILS).collect()
}
