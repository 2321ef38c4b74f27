//! Aggregate tables of people's own: the rows of a table grouped by columns and periods, all replaced in one commit.
//!
//! The snapshot of an aggregate names the snapshot of its source and the digest of its definition, so a call finds out whether
//! the source has changed since. Everything before the commit happens in a scratch folder without the lake's lock.

mod definition;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use lake_catalog::{
    Access, Column, DataWriter, NewTable, PartitionBy, PrimitiveType, Session, SortBy, Table, TableChange, TableName,
};

use super::Target;
use super::columns::refused;
use super::scan::{self, ReadColumn, all_columns, check_ids, create_view};
use super::types;
use crate::lake::{InputIdentity, Lake};
use crate::sql::statement::run;
use crate::sql::{DuckDb, EngineParameters, SqlFile, quoted};
use crate::tables::iceberg::{
    KEY, NewFiles, SECONDS, SOURCE_SNAPSHOT, SOURCE_TABLE, TASK, Tables, alterations, lock_waiting, no_tables,
    overtaken, properties_of_own_files,
};
use digdag_task::{Failure, Observer};

pub use definition::{Group, Measure};

/// The snapshot's property with the digest of the definition.
const DEFINITION: &str = "discogs.definition-sha256";

/// The table property that marks an aggregate table, whose rows are all replaced.
const OF_SOURCE: &str = "discogs.aggregate-of";

/// Attempts at a commit that other writers overtake.
const MAX_ATTEMPTS: usize = 5;

/// The request of an aggregate.
#[derive(Clone, Debug)]
pub struct Request {
    /// The table whose rows are grouped.
    pub from: TableName,
    /// The aggregate table.
    pub into: TableName,
    /// The keys by which rows are grouped.
    pub by: Vec<Group>,
    /// The numbers of each group.
    pub measures: Vec<Measure>,
    /// The partitions of a new table.
    pub partition: Vec<PartitionBy>,
    /// Whether the outcome is only reported.
    pub dry_run: bool,
}

/// The report of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The groups.
    pub rows: u64,
    /// The files with them.
    pub files: usize,
    /// The snapshot, unless nothing was committed.
    pub snapshot: Option<i64>,
}

/// Computes an aggregate table, unless it shows its source as it is. Returns `None` then.
///
/// # Errors
/// Fails if a column is missing or of another kind, if the table was not made by this task, or if the commit fails. The
/// table is unchanged then.
pub fn aggregate(
    target: &Target<'_>,
    request: &Request,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Option<Aggregated>> {
    let Target { lake, task, catalog } = *target;
    let began = Instant::now();
    lake.remove_dead_scratch(task)?;
    let Some(mut loaded) = Loaded::unless_shown(target, request)? else { return Ok(None) };
    let scratch = lake.scratch(task)?;
    let engine = DuckDb::open_in(engine, scratch.path())?;
    run(&engine, "own/utc", &[])?;
    for _ in 0..MAX_ATTEMPTS {
        let Loaded { source, current, plan } = &loaded;
        let folder = scratch.path().join("files");
        fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let (mut new, rows) = plan.write(lake, &engine, source, current.as_ref(), &folder)?;
        let aggregated = Aggregated { rows, files: new.written.len(), snapshot: None };
        if request.dry_run {
            return Ok(Some(aggregated));
        }
        new.properties.extend([
            (TASK.to_owned(), task.to_owned()),
            (SECONDS.to_owned(), format!("{:.3}", began.elapsed().as_secs_f64())),
        ]);
        let mut publication = lock_waiting(lake, task, catalog, observer)?;
        let change = |found: Option<&Table>, session| plan.change(lake, found, session);
        let committed = publication.existing_tables()?.commit_own(&request.into, current.as_ref(), new, change)?;
        if committed.is_some() {
            return Ok(Some(Aggregated { snapshot: committed, ..aggregated }));
        }
        drop(publication);
        observer.note(format_args!("another writer changed {}; computing it again", request.into));
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        match Loaded::unless_shown(target, request)? {
            Some(again) => loaded = again,
            None => return Ok(None),
        }
    }
    Err(overtaken(&request.into, MAX_ATTEMPTS).into())
}

/// The tables as they are, and what is to be computed.
struct Loaded<'r> {
    source: Table,
    current: Option<Table>,
    plan: Plan<'r>,
}

impl<'r> Loaded<'r> {
    /// Loads the tables, or returns `None` if the aggregate shows its source as it is.
    fn unless_shown(target: &Target<'_>, request: &'r Request) -> anyhow::Result<Option<Self>> {
        let mut tables = Tables::open(target.lake, Access::Read, target.catalog)?
            .ok_or_else(|| no_tables(target.lake, "upsert-table makes the first"))?;
        let source = tables.own(&request.from)?.ok_or_else(|| {
            Failure::parameters(format!("the catalog has no table {}", request.from)).hint("table-history lists them")
        })?;
        let current = tables.own(&request.into)?;
        let plan = Plan::of(request, &source)?;
        if let Some(table) = &current {
            check_is_aggregate(table)?;
            if plan.is_shown_by(table) {
                return Ok(None);
            }
        }
        Ok(Some(Loaded { source, current, plan }))
    }
}

/// Refuses a table that this task did not make, because its rows would be lost.
fn check_is_aggregate(table: &Table) -> Result<(), Failure> {
    match table.metadata().properties().contains_key(OF_SOURCE) {
        true => Ok(()),
        false => Err(Failure::parameters(format!("table {} was not made by this task", table.name()))
            .hint("give the aggregate another name")),
    }
}

/// The columns of an aggregate, and the state of its source.
struct Plan<'r> {
    request: &'r Request,
    columns: Vec<(String, PrimitiveType)>,
    /// The columns of the source that are read.
    read: Vec<ReadColumn>,
    source_snapshot: Option<i64>,
    definition: String,
}

impl<'r> Plan<'r> {
    fn of(request: &'r Request, source: &Table) -> anyhow::Result<Self> {
        let known = all_columns(source)?;
        let typed = |column: &str| {
            known.iter().find(|known| known.name.eq_ignore_ascii_case(column)).map(|known| &known.data_type).ok_or_else(
                || {
                    Failure::parameters(format!("table {} has no column {column}", source.name()))
                        .hint(format!("table-history --table {} shows its columns", source.name()))
                },
            )
        };
        let refused = |why: String| Failure::parameters(why).hint("name a column of another type");
        let mut columns = Vec::new();
        for group in &request.by {
            columns.push((group.name.clone(), group.data_type(typed(&group.column)?).map_err(refused)?));
        }
        for measure in &request.measures {
            let of_column = measure.column.as_deref().map(typed).transpose()?;
            columns.push((measure.name.clone(), measure.data_type(of_column).map_err(refused)?));
        }
        let mut names = BTreeSet::new();
        if let Some((twice, _)) = columns.iter().find(|(name, _)| !names.insert(name.clone())) {
            return Err(Failure::parameters(format!("the aggregate would have two columns {twice}"))
                .hint(format!("give one another name: other_{twice}=…"))
                .into());
        }
        let needed: HashSet<String> = request
            .by
            .iter()
            .map(|group| &group.column)
            .chain(request.measures.iter().filter_map(|measure| measure.column.as_ref()))
            .map(|name| name.to_lowercase())
            .collect();
        let read = known.iter().filter(|column| needed.contains(&column.name.to_lowercase())).cloned().collect();
        let definition = format!("{:?} {:?} {:?}", request.by, request.measures, columns);
        Ok(Plan {
            request,
            columns,
            read,
            source_snapshot: source.metadata().current_snapshot_id(),
            definition: InputIdentity::of_text("definition", &definition).sha256,
        })
    }

    fn properties(&self) -> HashMap<String, String> {
        let snapshot = self.source_snapshot.map(|id| id.to_string()).unwrap_or_default();
        HashMap::from([
            (SOURCE_TABLE.to_owned(), self.request.from.to_string()),
            (SOURCE_SNAPSHOT.to_owned(), snapshot),
            (DEFINITION.to_owned(), self.definition.clone()),
        ])
    }

    fn is_shown_by(&self, table: &Table) -> bool {
        let Some(current) = table.metadata().current_snapshot() else { return false };
        let known = &current.summary().additional_properties;
        self.properties().iter().all(|(key, value)| known.get(key) == Some(value))
    }

    fn write(
        &self,
        lake: &Lake,
        engine: &DuckDb,
        source: &Table,
        current: Option<&Table>,
        folder: &Path,
    ) -> anyhow::Result<(NewFiles, u64)> {
        let found = self.source_snapshot.map(|id| scan::scan(source, id)).transpose()?.unwrap_or_default();
        let files: Vec<_> = found.data.iter().collect();
        check_ids(engine, source, &files)?;
        create_view(engine, "source", &files, &found.position_deletes, &self.read)?;
        let groups = self.request.by.iter().map(Group::sql);
        let measures = self
            .request
            .measures
            .iter()
            .zip(&self.columns[self.request.by.len()..])
            .map(|(measure, (_, data_type))| measure.sql(&types::sql(data_type).unwrap_or_default()));
        let columns = groups.chain(measures).collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        let order: Vec<_> = self.request.by.iter().map(|group| quoted(&group.name)).collect();
        let statement = SqlFile::load("own/aggregate/rows")?;
        let sql = statement.with(&[("columns", &columns), ("order", &order.join(", "))]);
        let change = self.change(lake, current, Session::new())?;
        let mut writer = DataWriter::new(&change, folder, &[])?;
        let mut batches = engine.select(&sql, &statement.path)?;
        let mut rows = 0;
        while let Some(batch) = batches.next_batch()? {
            rows += batch.num_rows() as u64;
            writer.write(&batch)?;
        }
        let replaced = current.and_then(|table| Some((table, table.metadata().current_snapshot_id()?)));
        let replaced = replaced.map(|(table, id)| table.scan(id)).transpose()?.unwrap_or_default();
        let new = NewFiles {
            written: writer.finish()?,
            removed: replaced.locations_in(None),
            removes_deletes: replaced.has_deletes(),
            is_rewrite: false,
            properties: self.properties(),
        };
        Ok((new, rows))
    }

    /// Returns the change of the aggregate table to its columns, or its creation.
    fn change(&self, lake: &Lake, table: Option<&Table>, session: Session) -> anyhow::Result<TableChange> {
        let key = self.request.by.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(",");
        let order = self.request.by.iter().map(|group| SortBy { column: group.name.clone(), descending: false });
        let order: Vec<_> = order.collect();
        if let Some(table) = table {
            let mut change = TableChange::of(table);
            let changes = alterations(table, &self.columns);
            if !changes.is_empty() {
                // A column that sorts the table cannot be dropped.
                change.sort_by(&[])?;
                change.alter(&changes).map_err(refused)?;
                change.sort_by(&order)?;
                change.set_properties(&[(KEY, &key)])?;
            }
            return Ok(change);
        }
        let name = &self.request.into;
        let mut properties = properties_of_own_files(&name.namespace)?;
        properties.insert(OF_SOURCE.to_owned(), self.request.from.to_string());
        properties.insert(KEY.to_owned(), key);
        let column = |(id, (name, data_type)): (i32, &(String, PrimitiveType))| Column {
            id,
            name: name.clone(),
            data_type: data_type.clone(),
            description: None,
        };
        let new = NewTable {
            name: name.clone(),
            folder: lake.tables_folder().join(&name.namespace).join(&name.name),
            columns: (1..).zip(&self.columns).map(column).collect(),
            sorted_by: None,
            properties,
        };
        let mut change = TableChange::create(&new, session)?;
        change.sort_by(&order)?;
        if !self.request.partition.is_empty() {
            change.partition_by(&self.request.partition).map_err(refused)?;
        }
        Ok(change)
    }
}
