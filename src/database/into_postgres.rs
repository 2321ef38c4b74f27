//! Exports into a schema of a Postgres server, over several connections.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use lake_database::{Loaded, Loader, Postgres, Server};

use super::failure::failure;
use super::loading::{Loading, Progress, Stopped};
use super::plan::{Plan, Planned};
use super::{Exported, ExportedTable, Request, changes, done_before, held, keep_held};
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
    let tables = load(&plan, &loaded, &postgres, engine, options, &progress)?;
    let not_held = keep_held(&mut plan, engine, observer)?;
    for planned in &plan.tables {
        let keys = planned.table.foreign_keys.len();
        if keys > 0 {
            meter.advance_to(plan.tables.len() as u64, &|| format!("{}: {keys} foreign keys", planned.table.name));
            postgres.add_foreign_keys(&planned.table).map_err(failure)?;
        }
    }
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

/// Loads and indexes every table, the largest first. Each thread has its own connection to the server and to DuckDB.
fn load(
    plan: &Plan,
    loaded: &BTreeMap<String, Loaded>,
    postgres: &Postgres,
    engine: &DuckDb,
    options: &super::ServerOptions,
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
    let queue = Mutex::new(VecDeque::from(queue));
    let threads = options.connections.min(plan.tables.len()).max(1);
    let mut workers = Vec::new();
    for _ in 0..threads {
        workers.push((postgres.loader(options.unlogged).map_err(failure)?, engine.another()?));
    }
    let results: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
        let queue = &queue;
        let work = |(mut loader, engine): (Loader, DuckDb)| {
            scope.spawn(move || {
                while let Some(job) = next(queue) {
                    let result = job.run(&mut loader, &engine, progress);
                    if result.is_err() {
                        // The error of the first thread that fails is the one to report.
                        let first = !progress.failed.swap(true, Ordering::SeqCst);
                        return if first { result } else { Ok(()) };
                    }
                }
                Ok(())
            })
        };
        let running: Vec<_> = workers.into_iter().map(work).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked"))))
            .collect()
    });
    results.into_iter().collect::<anyhow::Result<()>>()?;
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

fn next<'j>(queue: &Mutex<VecDeque<Job<'j>>>) -> Option<Job<'j>> {
    queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front()
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
