//! The tables of a statement, mounted in DuckDB: those of a run, those that are not of runs, and those about tables.

use lake_catalog::TableName;

use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::own::{Pins, mount_own, own_snapshot};
use crate::sql::{DuckDb, ObjectParameters, Reads, Sandbox, SandboxParameters};
use crate::store::{RemoteLake, WarehouseArgs};
use crate::tables::iceberg::{self, AsOf, CatalogArgs, ReadState, Tables, VIEWS, mount_as_of, mount_views};
use crate::tables::{ReadTable, mount_copy, mount_reads};
use digdag_task::{Failure, SharedObserver};

/// The state of the tables that a statement reads, as a call names it.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The run to read, unless the published one.
    pub run_id: Option<RunId>,
    /// The state to read.
    pub as_of: Option<AsOf>,
    /// The table of people's own that `as_of` is about; all others are read as they are.
    pub table: Option<TableName>,
    /// Tables that are not of runs, and the snapshots that are read.
    pub pins: Pins,
    /// The catalog of the lake, and how the tables in its warehouse are reached.
    pub catalog: CatalogArgs,
    /// The lake's warehouse.
    pub warehouse: WarehouseArgs,
    /// Whether the run is read there, even if the lake has it.
    pub from_warehouse: bool,
    /// How DuckDB reads objects.
    pub objects: ObjectParameters,
}

/// The tables that a statement reads, mounted in a sandbox that reads nothing else.
pub struct Mounted {
    /// The engine, locked for the statement.
    pub sandbox: Sandbox,
    /// The run, or `None` if the lake has no published run and the statement needs none.
    pub run: Option<RunId>,
    /// The tables, or `None` if the statement may read any.
    pub read: Option<Vec<ReadTable>>,
    /// The address of the warehouse, if the run is read there.
    pub warehouse: Option<String>,
    /// The tables that are not of runs, and the snapshots that are read.
    pub pins: Pins,
}

/// Mounts the tables that a statement names: those of a run, under their namespaces those that are not of runs, and those
/// about tables. Locks the engine, so that the statement reads only these, and files as the parameters permit.
///
/// # Errors
/// Fails if parameters contradict each other, if the catalog lacks what the statement needs, or with DuckDB's error.
pub fn mount(
    engine: DuckDb,
    lake: &Lake,
    asked: &State,
    sql: &str,
    parameters: SandboxParameters,
    observer: &SharedObserver,
) -> anyhow::Result<Mounted> {
    let of_own = asked.table.as_ref().zip(asked.as_of.as_ref());
    if asked.as_of.is_some() && asked.run_id.is_some() && of_own.is_none() {
        return Err(Failure::parameters("parameters as_of and run_id: give one of them").into());
    }
    let reads = engine.reads(sql)?;
    let has_word = |name: &str| {
        let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word.eq_ignore_ascii_case(name))
    };
    let is_read = |view: &str| reads.as_ref().map_or_else(|| has_word(view), |reads| is_of_catalog(reads, view));
    let views: Vec<_> = VIEWS.into_iter().filter(|view| is_read(view)).collect();
    // A statement that does not name the schemas needs no catalog, and no password of one.
    let names_schema = |schema| reads.as_ref().map_or_else(|| has_word(schema), |reads| reads.names_schema(schema));
    let names_own = of_own.is_some() || ["bronze", "gold", "mine"].into_iter().any(names_schema);
    let mut tables = match names_own || !views.is_empty() {
        true => Tables::open(lake, lake_catalog::Access::Read, &asked.catalog)?,
        false => None,
    };
    let mut state = ReadState { run: asked.run_id.clone(), own: asked.pins.clone() };
    let (mut read, mut objects, mut warehouse) = (Vec::new(), Vec::new(), None);
    if let Some(as_of) = asked.as_of.as_ref().filter(|_| of_own.is_none()) {
        let mut tables = tables_of(lake, &asked.catalog)?;
        let mounted = mount_as_of(&engine, &mut tables, as_of, reads.as_ref(), &asked.objects)?;
        state.run = Some(mounted.run);
        (read, objects) = (mounted.read, mounted.objects);
    }
    let mut own = Vec::new();
    if let Some(tables) = tables.as_mut().filter(|_| names_own) {
        if let Some((table, as_of)) = of_own {
            state.own.insert(table.clone(), Some(own_snapshot(tables, table, as_of)?));
        }
        // Tables that are computed from runs are read as they are, unless the call names a run.
        own = mount_own(&engine, tables, &state.own, state.run.as_ref(), has_word, reads.as_ref())?;
    }
    let has_own = !own.is_empty();
    // A statement such as SELECT 1 needs no run. One that may read any table reads those that exist.
    let names_run = reads.as_ref().is_some_and(|reads| reads.in_main().iter().any(|name| !reads.defines(name)));
    let pins = own.iter().map(|(_, pin)| pin.clone()).collect();
    let own = own.into_iter().map(|(table, _)| table);
    read.extend(own.filter(|table| reads.as_ref().is_some_and(|reads| names(reads, &table.table))));
    let run = match (&asked.as_of, &asked.run_id) {
        (Some(_), _) if of_own.is_none() => state.run.clone(),
        (_, None)
            if !asked.from_warehouse && (has_own || !views.is_empty() || !names_run) && lake.active()?.is_none() =>
        {
            None
        }
        (_, id) => match warehouse_of(lake, asked, id.as_ref(), observer)? {
            None => {
                let id = id.clone().map_or_else(|| lake.published(), Ok)?;
                read.extend(mount_reads(&engine, &Contract::load()?, &lake.run(&id)?, reads.as_ref())?);
                Some(id)
            }
            Some(remote) => {
                // active.json is read once, so the whole statement is about one run.
                let id = id.clone().map_or_else(|| remote.published(), Ok)?;
                warehouse = Some(remote.address().to_string());
                let manifest = remote.sealed_manifest(lake, &id)?;
                engine.reach(remote.address(), &remote.access()?, &asked.objects)?;
                let location = |path: &str| remote.location(&id, path);
                let files = manifest.files.iter().filter(|file| file.path.ends_with(".parquet"));
                objects.extend(files.map(|file| location(&file.path)));
                read.extend(mount_copy(&engine, &Contract::load()?, &manifest, location, reads.as_ref())?);
                Some(id)
            }
        },
    };
    if !views.is_empty() {
        let mut tables = tables.map_or_else(|| tables_of(lake, &asked.catalog), Ok)?;
        mount_views(&engine, &mut tables, &views, &state)?;
    }
    let sandbox = Sandbox::new(engine, lake.root(), &objects, parameters)?;
    Ok(Mounted { sandbox, run, read: reads.is_some().then_some(read), warehouse, pins })
}

/// Returns the warehouse if the run is read there: because the call says so, or because the lake does not have the run.
fn warehouse_of(
    lake: &Lake,
    asked: &State,
    id: Option<&RunId>,
    observer: &SharedObserver,
) -> anyhow::Result<Option<RemoteLake>> {
    let resolved = || asked.warehouse.of(lake);
    if asked.from_warehouse {
        return resolved()?.open_required(1, observer.clone()).map(Some);
    }
    match id {
        Some(id) if !lake.run_ids()?.contains(id) => resolved()?.open(1, observer.clone()),
        _ => Ok(None),
    }
}

/// Returns whether a statement reads one of the tables about tables, and not a table that it defines itself.
fn is_of_catalog(reads: &Reads, view: &str) -> bool {
    reads.names("main", view) && !reads.defines(view)
}

/// Returns whether a statement names a table of people's own.
fn names(reads: &Reads, table: &str) -> bool {
    table.split_once('.').is_some_and(|(schema, name)| reads.names(schema, name))
}

/// Opens the lake's Iceberg tables for reading.
///
/// # Errors
/// Fails if the lake has none, or if the catalog cannot be opened.
pub fn tables_of(lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<Tables> {
    let tables = Tables::open(lake, lake_catalog::Access::Read, catalog)?;
    let hint = "run stage-tables for a sealed run, or name a run with --run-id";
    Ok(tables.ok_or_else(|| iceberg::no_tables(lake, hint))?)
}
