//! Computes the gold tables from the published run, proves them, and commits them together.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use lake_catalog::{Access, DataWriter, Scan, Session, Table, WrittenFile};

use super::columns;
use super::definition::{Definition, Mode};
use super::proof::prove;
use super::slices::for_each_slice;
use super::trino::TrinoGold;
use crate::contract::Contract;
use crate::lake::{InputIdentity, Lake, RunId, SealedRun};
use crate::sql::statement::{filled, piece, run};
use crate::sql::{DuckDb, EngineName, EngineSelection, quoted, text_literal};
use crate::tables::iceberg::{CatalogArgs, Derived, Tables, lock_waiting, no_tables};
use crate::tables::mount_run;
use crate::tables::register::checksum;
use digdag_task::{Amount, Failure, Observer, SharedObserver};

/// The request of a build.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tables, with or without the namespace; empty for all.
    pub tables: Vec<String>,
    /// Whether the tables are computed and proven, and not committed.
    pub dry_run: bool,
}

/// The engines of a build. DuckDB proves and writes the rows in any case.
#[derive(Clone, Debug)]
pub struct Engines<'e> {
    /// The engine of the queries, with the parameters of each.
    pub selection: &'e EngineSelection,
    /// Trino's catalog over the lake's Iceberg catalog.
    pub trino_iceberg_catalog: &'e str,
}

/// A table after a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The table, with its namespace.
    pub table: String,
    /// The new rows.
    pub rows: u64,
    /// Their files.
    pub files: u64,
    /// The bytes of these files.
    pub bytes: u64,
}

/// Builds the tables of a request that do not show the published run yet. Returns the run, and the tables that were built.
///
/// # Errors
/// Fails if nothing is published, if rows break a check, or if the catalog refuses the commit. No table is changed then.
pub fn build(
    lake: &Lake,
    task: &str,
    request: &Request,
    catalog: &CatalogArgs,
    engines: &Engines<'_>,
    observer: &SharedObserver,
) -> anyhow::Result<(RunId, Vec<Built>)> {
    let id = lake.published()?;
    let sealed = SealedRun::open(&lake.run(&id)?)?;
    let contract = Contract::load()?;
    let open = missing(lake, request, catalog, &sealed)?;
    if open.is_empty() {
        return Ok((id, Vec::new()));
    }
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let engine = DuckDb::open_in(&engines.selection.duckdb, scratch.path())?;
    mount_run(&engine, &contract, sealed.run())?;
    let trino = match engines.selection.engine {
        EngineName::Duckdb => None,
        EngineName::Trino => {
            let connection = (&engines.selection.trino, engines.trino_iceberg_catalog);
            Some(TrinoGold::open(&contract, sealed.run(), connection, observer)?)
        }
    };
    let (month, observer_of_work) = (Month::of(&id)?, observer.as_ref());
    let work = Work { lake, contract: &contract, engine: &engine, trino, month, observer: observer_of_work };
    let meter = observer.begin(Amount::steps(open.len()));
    let (mut built, mut new) = (Vec::new(), Vec::new());
    for (index, (table, base)) in open.iter().enumerate() {
        meter.advance_to(index as u64, &|| table.name.to_string());
        let folder = scratch.path().join(&table.name.name);
        fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let (counted, derived) = work.build(table, base.clone(), &folder)?;
        built.push(counted);
        new.push(derived);
    }
    drop(meter);
    if !request.dry_run && !commit(lake, task, catalog, &sealed, (&open, new), observer.as_ref())? {
        built.clear();
    }
    Ok((id, built))
}

/// Returns the tables of the request that do not show the run, each as it is now.
fn missing(
    lake: &Lake,
    request: &Request,
    catalog: &CatalogArgs,
    sealed: &SealedRun,
) -> anyhow::Result<Vec<(Definition, Option<Table>)>> {
    let mut tables = Tables::open(lake, Access::Read, catalog)?
        .ok_or_else(|| no_tables(lake, &format!("run stage-tables --run-id {}", sealed.run().id())))?;
    let mut open = Vec::new();
    for definition in chosen(&request.tables)? {
        let table = tables.own(&definition.name)?;
        let is_current = |table: &Table| Derived::is_current(table, sealed, &digest(&definition));
        if !table.as_ref().is_some_and(is_current) {
            open.push((definition, table));
        }
    }
    Ok(open)
}

/// Returns the definitions of the named tables, or of all.
fn chosen(names: &[String]) -> anyhow::Result<Vec<Definition>> {
    let all = Definition::all()?;
    let is_named = |table: &Definition, name: &String| *name == table.name.name || *name == table.name.to_string();
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|table| is_named(table, name))) {
        let known: Vec<_> = all.iter().map(|table| table.name.to_string()).collect();
        let message = format!("parameter tables: there is no gold table {unknown}");
        return Err(Failure::parameters(message).hint(format!("there are {}", known.join(", "))).into());
    }
    let is_chosen = |table: &Definition| names.is_empty() || names.iter().any(|name| is_named(table, name));
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// Returns the digest of a table's file, which decides what its rows are.
fn digest(table: &Definition) -> String {
    InputIdentity::of_text(&table.query.path, &table.query.text).sha256
}

/// Commits the tables, unless another call has built them meanwhile. Returns whether it committed.
fn commit(
    lake: &Lake,
    task: &str,
    catalog: &CatalogArgs,
    sealed: &SealedRun,
    (open, new): (&[(Definition, Option<Table>)], Vec<Derived>),
    observer: &dyn Observer,
) -> anyhow::Result<bool> {
    let mut publication = lock_waiting(lake, task, catalog, observer)?;
    let tables = publication.existing_tables()?;
    let mut is_built = true;
    for (definition, _) in open {
        let table = tables.own(&definition.name)?;
        is_built &= table.is_some_and(|table| Derived::is_current(&table, sealed, &digest(definition)));
    }
    if is_built {
        return Ok(false);
    }
    let id = sealed.run().id();
    if lake.active()?.as_ref() != Some(id) {
        return Err(Failure::locked(format!("another run was published while {id} was read"))
            .hint("run the same command again")
            .into());
    }
    tables.commit_derived(task, sealed, new, |name, table, session| {
        let definition = open.iter().map(|(definition, _)| definition).find(|definition| definition.name == *name);
        columns::change(lake, definition.context("a table without a definition")?, table, session)
    })?;
    Ok(true)
}

/// A month: as the first part of a date, and counted from January 1970.
struct Month {
    first_day: String,
    number: i32,
}

impl Month {
    fn of(id: &RunId) -> anyhow::Result<Self> {
        let month = id.dump_month().with_context(|| format!("run {id} has no month"))?;
        let first_day = format!("{}-01", month.as_str());
        let date: jiff::civil::Date = first_day.parse().with_context(|| format!("run {id} has no valid month"))?;
        let number = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
        Ok(Month { first_day, number })
    }
}

struct Work<'w> {
    lake: &'w Lake,
    contract: &'w Contract,
    engine: &'w DuckDb,
    /// The engine of the queries, if it is not DuckDB.
    trino: Option<TrinoGold<'w>>,
    month: Month,
    observer: &'w dyn Observer,
}

impl Work<'_> {
    fn build(&self, table: &Definition, base: Option<Table>, folder: &Path) -> anyhow::Result<(Built, Derived)> {
        let began = Instant::now();
        let current = base.as_ref().and_then(|base| Some((base, base.metadata().current_snapshot_id()?)));
        let scan = current.map(|(base, snapshot)| base.scan(snapshot)).transpose()?.unwrap_or_default();
        let month = (table.mode == Mode::Month).then_some(self.month.number);
        if month.is_some() {
            self.mount_months_before(table, &scan)?;
        }
        let (written, rows) = self.write(table, base.as_ref(), folder)?;
        let paths: Vec<_> = written.iter().map(|file| file.path.clone()).collect();
        self.mount(table, "built", &paths)?;
        prove(self.engine, table, self.observer)?;
        let bytes = paths.iter().map(|path| Ok(fs::metadata(path)?.len())).sum::<anyhow::Result<u64>>()?;
        let built = Built { table: table.name.to_string(), rows, files: paths.len() as u64, bytes };
        let derived = Derived {
            name: table.name.clone(),
            removed: scan.locations_in(month),
            // The delete files of a month stay for the other months, whose files they name.
            removes_deletes: month.is_none() && scan.has_deletes(),
            base,
            written,
            sql_sha256: digest(table),
            duration: began.elapsed(),
        };
        Ok((built, derived))
    }

    /// Writes the rows of a table's query, and returns the files and the number of rows.
    fn write(
        &self,
        table: &Definition,
        base: Option<&Table>,
        folder: &Path,
    ) -> anyhow::Result<(Vec<WrittenFile>, u64)> {
        let change = columns::change(self.lake, table, base, Session::new())?;
        let mut writer = DataWriter::new(&change, folder, &[])?;
        let sql = table.query.with(&[("dump_month", &text_literal(&self.month.first_day))]);
        let Some(trino) = &self.trino else {
            let mut rows = 0;
            let mut write = || {
                rows += self.write_rows(table, (&sql, &table.query.path), &mut writer)?;
                Ok(())
            };
            match &table.slice {
                Some(column) => for_each_slice(self.engine, self.contract, table, column, write)?,
                None => write()?,
            }
            return Ok((writer.finish()?, rows));
        };
        let before = (table.mode == Mode::Month).then_some((base, self.month.first_day.as_str()));
        trino.compute(table, &sql, before, &folder.join("trino"), |files, compared| {
            self.mount(table, "computed", files)?;
            let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
            let order: Vec<_> = table.sort.iter().map(|sort| quoted(&sort.column)).collect();
            let (sql, origin) =
                filled("gold/statement/in_order", &[("columns", &names.join(", ")), ("order", &order.join(", "))])?;
            let rows = self.write_rows(table, (&sql, &origin), &mut writer)?;
            Ok((checksum(self.engine, "computed", compared)?, (writer.finish()?, rows)))
        })
    }

    /// Writes the rows of a statement, given with its origin, and returns their number.
    fn write_rows(
        &self,
        table: &Definition,
        (sql, origin): (&str, &str),
        writer: &mut DataWriter,
    ) -> anyhow::Result<u64> {
        let mut batches = self.engine.select(sql, origin)?;
        let (found, declared) = (batches.columns(), table.columns.iter().map(|column| &column.name));
        anyhow::ensure!(
            found.iter().eq(declared),
            "{}: the header declares other columns than {}",
            table.query.path,
            found.join(", ")
        );
        let mut rows = 0;
        while let Some(batch) = batches.next_batch()? {
            rows += batch.num_rows() as u64;
            writer.write(&batch)?;
        }
        Ok(rows)
    }

    /// Mounts the rows of earlier months as `months_before`.
    fn mount_months_before(&self, table: &Definition, scan: &Scan) -> anyhow::Result<()> {
        if scan.has_deletes() {
            let message = format!("table {} has delete files, which this task does not apply", table.name);
            let hint = format!("maintain-tables --tables {} --dry-run=false writes them into the files", table.name);
            return Err(Failure::input(message).hint(hint).into());
        }
        self.mount(table, "all_months", &scan.paths())?;
        run(self.engine, "gold/statement/months_before", &[("first_day", &text_literal(&self.month.first_day))])
    }

    /// Mounts files of a table, of which there may be none.
    fn mount(&self, table: &Definition, name: &str, files: &[PathBuf]) -> anyhow::Result<()> {
        if files.is_empty() {
            let column = |column: &super::definition::Column| {
                piece("gold/statement/no_value", &[("type", &column.sql_type), ("column", &quoted(&column.name))])
            };
            let columns = table.columns.iter().map(column).collect::<anyhow::Result<Vec<_>>>()?.join(", ");
            return run(self.engine, "gold/statement/no_rows", &[("name", &quoted(name)), ("columns", &columns)]);
        }
        let files: Vec<_> = files.iter().map(|file| text_literal(&file.to_string_lossy())).collect();
        run(self.engine, "gold/statement/rows_of_files", &[("name", &quoted(name)), ("files", &files.join(", "))])
    }
}
