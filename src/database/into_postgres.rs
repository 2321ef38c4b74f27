//! Exports into a schema of a Postgres server, over several connections.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lake_database::{Loaded, Loader, Postgres, Server};

use super::failure::failure;
use super::loading::{Loading, Progress, Stopped};
use super::plan::{Plan, Planned};
use super::{Exported, ExportedTable, Request, changes, done_before, held, keep_held};
use crate::parallel::on_threads;
use crate::sql::DuckDb;
use digdag_task::{Amount, Failure, Observer};

/// Exports the plan into the schema.
///
/// # Errors
/// Like [`super::export`].
pub fn export(
    url: &str,
    mut plan: Plan,
    identity: &str,
    engine: &DuckDb,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> anyhow::Result<Exported> {
    let options = &request.server;
    check_name(&options.database_schema)?;
    let server = Server { url: url.to_owned(), password: options.password.clone() };
    let mut postgres = Postgres::open(server, &options.database_schema).map_err(failure)?;
    let held = postgres.identity().map_err(failure)?;
    if held.as_deref() == Some(identity) {
        return Ok(done_before());
    }
    held::mark_long_values(&mut plan, engine)?;
    let before = held.and_then(|held| changes::run_before(&held, identity));
    if let (true, Some(before)) = (request.keys, before)
        && let Some(feed) = (request.find_feed)(&before)?
        && let Some(exported) = changes::apply(&feed, &mut plan, identity, &mut postgres, engine, request, observer)?
    {
        return Ok(exported);
    }
    let loaded = postgres.prepare(request.run_id, identity).map_err(failure)?;
    let meter = observer.begin(Amount::steps(plan.tables.len()));
    let progress = Progress::new(&*meter, loaded.values().filter(|found| found.indexed).count());
    let mut workers = workers(&plan, &postgres, engine, options)?;
    let tables = load(&plan, &loaded, &mut workers, engine, &progress)?;
    let not_held = keep_held(&mut plan, engine, observer)?;
    meter.advance_to(plan.tables.len() as u64, &|| "foreign keys".to_owned());
    for planned in &plan.tables {
        postgres.declare_foreign_keys(&planned.table).map_err(failure)?;
    }
    let mut referring: Vec<_> = plan.tables.iter().filter(|planned| !planned.table.foreign_keys.is_empty()).collect();
    let rows = |planned: &Planned| tables.iter().find(|table| table.name == planned.table.name).map(|table| table.rows);
    referring.sort_by_key(|planned| std::cmp::Reverse(rows(planned)));
    let validate = |(loader, _): &mut Worker, planned: &Planned| loader.validate(&planned.table).map_err(failure);
    each(&mut workers, referring, validate, || {})?;
    drop(workers);
    let waiting = || observer.note(format_args!("readers hold locks on the old tables; waiting for them"));
    postgres.swap(waiting).map_err(failure)?;
    Ok(Exported { tables, not_held, resumed: loaded.len(), was_there: false, by_changes: false })
}

/// Refuses a name that is not a plain one: people have to write it in each query.
fn check_name(schema: &str) -> anyhow::Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = schema.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if begins && schema.len() <= 40 && schema.bytes().all(plain) && !schema.starts_with("pg_") {
        return Ok(());
    }
    Err(Failure::parameters(format!("parameter database_schema: {schema:?} is no name for the schema"))
        .hint("use up to 40 of a-z, 0-9 and _, beginning with a letter")
        .into())
}

/// A connection to the server, and one to DuckDB.
type Worker = (Loader, DuckDb);

/// Opens the connections that load tables.
fn workers(
    plan: &Plan,
    postgres: &Postgres,
    engine: &DuckDb,
    options: &super::ServerOptions,
) -> anyhow::Result<Vec<Worker>> {
    let count = options.connections.min(plan.tables.len()).max(1);
    let worker = |_| Ok((postgres.loader(options.unlogged).map_err(failure)?, engine.another()?));
    (0..count).map(worker).collect()
}

/// Runs each piece of work on the next free worker. Returns the error of the first that fails; no further work begins then,
/// and `stop` is called.
fn each<J: Send>(
    workers: &mut [Worker],
    work: Vec<J>,
    run: impl Fn(&mut Worker, J) -> anyhow::Result<()> + Sync,
    stop: impl Fn() + Sync,
) -> anyhow::Result<()> {
    let queue = Mutex::new(VecDeque::from(work));
    let first = Mutex::new(None);
    // Outside of the loop's head, whose guard would stay locked during the work.
    let next = || locked(&queue).pop_front();
    on_threads(workers.len(), workers.iter_mut().collect(), |worker| {
        while let Some(job) = next() {
            if let Err(error) = run(worker, job) {
                // Before the others fail because of it.
                locked(&first).get_or_insert(error);
                locked(&queue).clear();
                stop();
            }
        }
    });
    match first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Loads and indexes every table, the largest first.
fn load(
    plan: &Plan,
    loaded: &BTreeMap<String, Loaded>,
    workers: &mut [Worker],
    engine: &DuckDb,
    progress: &Progress<'_>,
) -> anyhow::Result<Vec<ExportedTable>> {
    let mut queue = Vec::new();
    let mut tables = BTreeMap::new();
    for planned in &plan.tables {
        let found = loaded.get(&planned.table.name);
        let rows = found.map_or_else(|| planned.count(engine), |found| Ok(found.rows))?;
        tables.insert(planned.table.name.as_str(), rows);
        if found.is_none_or(|found| !found.indexed) {
            queue.push(Job { planned, rows, loaded: found.is_some() });
        }
    }
    queue.sort_by_key(|job| std::cmp::Reverse(job.rows));
    // After an error, the other workers end their tables as well.
    let stop = || progress.failed.store(true, Ordering::SeqCst);
    each(workers, queue, |(loader, engine), job| job.run(loader, engine, progress), stop)?;
    let table = |planned: &Planned| {
        let name = planned.table.name.clone();
        ExportedTable { rows: tables.get(name.as_str()).copied().unwrap_or_default(), name }
    };
    Ok(plan.tables.iter().map(table).collect())
}

/// A table to load and to index.
struct Job<'j> {
    planned: &'j Planned,
    rows: u64,
    /// Whether an earlier call loaded it, so that only the indexes are missing.
    loaded: bool,
}

impl Job<'_> {
    fn run(&self, loader: &mut Loader, engine: &DuckDb, progress: &Progress<'_>) -> anyhow::Result<()> {
        let table = &self.planned.table;
        if !self.loaded {
            let mut rows = Loading::start(self.planned, self.rows, false, engine, progress)?;
            loader.load(table, || rows.next_batch().map_err(Stopped::Rows)).map_err(Stopped::into_error)?;
        }
        loader.index(table).map_err(failure)?;
        progress.table_done(&table.name);
        Ok(())
    }
}
