use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::definition::{ColumnDefinition, Definition, Kind};
use crate::sql::{Rows, SqlFile, Trino, quoted, text_literal};
use crate::task::Failure;

/// Statements that are under way at once.
const AT_ONCE: usize = 6;

/// A schema of the metastore, and what it held when it was looked at.
pub struct Schema<'t> {
    trino: &'t Trino,
    catalog: String,
    name: String,
    relations: BTreeMap<String, Relation>,
}

struct Relation {
    is_view: bool,
    comment: Option<String>,
    columns: Vec<(String, String)>,
}

/// What became of a table or view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Unchanged,
    Created,
    /// Brought up to date where it stands; it could be read all the time.
    Altered,
    /// Another table in its place.
    Replaced,
}

impl<'t> Schema<'t> {
    /// Looks at a schema, which is made if it is not there.
    pub fn open(trino: &'t Trino, catalog: &str, name: &str) -> anyhow::Result<Self> {
        let mut schema =
            Schema { trino, catalog: catalog.to_owned(), name: name.to_owned(), relations: BTreeMap::new() };
        let file = SqlFile::load("trino/create_schema")?;
        trino.execute(&file.with(&[("schema", &schema.qualified())]), &file.path)?;
        for row in schema.ask("trino/relations")? {
            if let [Some(name), Some(kind), comment] = row.as_slice() {
                let relation = Relation { is_view: kind == "VIEW", comment: comment.clone(), columns: Vec::new() };
                schema.relations.insert(name.clone(), relation);
            }
        }
        for row in schema.ask("trino/columns")? {
            if let [Some(table), Some(column), Some(data_type)] = row.as_slice()
                && let Some(relation) = schema.relations.get_mut(table)
            {
                relation.columns.push((column.clone(), data_type.clone()));
            }
        }
        Ok(schema)
    }

    /// `"hive"."discogs"`.
    pub fn qualified(&self) -> String {
        format!("{}.{}", quoted(&self.catalog), quoted(&self.name))
    }

    /// The whole name of a table.
    pub fn table(&self, name: &str) -> String {
        format!("{}.{}", self.qualified(), quoted(name))
    }

    fn ask(&self, file: &str) -> anyhow::Result<Rows> {
        let file = SqlFile::load(file)?;
        let (catalog, catalog_name, schema_name) =
            (quoted(&self.catalog), text_literal(&self.catalog), text_literal(&self.name));
        let places = [("catalog", &*catalog), ("catalog_name", &catalog_name), ("schema_name", &schema_name)];
        Ok(self.trino.table(&file.with(&places), &file.path)?.1)
    }

    /// How many digits of a second the catalog reads in timestamps.
    pub fn timestamp_digits(&self) -> anyhow::Result<u8> {
        let file = SqlFile::load("trino/timestamp_precision")?;
        let property = text_literal(&format!("{}.timestamp_precision", self.catalog));
        let rows = self.trino.table(&file.with(&[("property", &property)]), &file.path)?.1;
        let value = rows.into_iter().next().and_then(|row| row.into_iter().nth(1).flatten());
        Ok(match value.as_deref() {
            Some("NANOSECONDS") => 9,
            Some("MICROSECONDS") => 6,
            _ => 3,
        })
    }

    /// Makes all of them what their definitions say, tables before the views over them. The metastore takes its time for
    /// each, so some are under way at once.
    pub fn apply_all(&self, wanted: &[Definition], replace: bool) -> anyhow::Result<BTreeMap<Change, usize>> {
        let (tables, views): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|definition| matches!(definition.kind, Kind::Table { .. }));
        let mut changes = BTreeMap::new();
        for some in [tables, views] {
            let next = AtomicUsize::new(0);
            let work = || -> anyhow::Result<Vec<Change>> {
                let mut done = Vec::new();
                while let Some(definition) = some.get(next.fetch_add(1, Ordering::Relaxed)) {
                    done.push(self.apply(definition, replace)?);
                }
                Ok(done)
            };
            let results: Vec<anyhow::Result<Vec<Change>>> = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
                let ended = |worker: std::thread::ScopedJoinHandle<'_, _>| {
                    worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread that registered tables panicked")))
                };
                workers.into_iter().map(ended).collect()
            });
            for change in results.into_iter().collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten() {
                *changes.entry(change).or_default() += 1;
            }
        }
        Ok(changes)
    }

    /// Makes a table or view what its definition says. What somebody else made under its name is left as it is, and
    /// refused if it is something else. `replace` allows what takes the table away for an instant.
    fn apply(&self, wanted: &Definition, replace: bool) -> anyhow::Result<Change> {
        let Some(there) = self.relations.get(&wanted.name) else {
            self.create(wanted)?;
            return Ok(Change::Created);
        };
        match &wanted.kind {
            Kind::View { .. } => self.apply_view(wanted, there),
            Kind::Table { location, columns } => self.apply_table(wanted, there, location, columns, replace),
        }
    }

    fn create(&self, wanted: &Definition) -> anyhow::Result<()> {
        let (statement, file) = wanted.create(&self.qualified())?;
        self.trino.execute(&statement, &format!("{} for {}", file.path, wanted.name))
    }

    fn apply_view(&self, wanted: &Definition, there: &Relation) -> anyhow::Result<Change> {
        if there.is_view && there.comment.as_deref() == Some(&wanted.comment) {
            return Ok(Change::Unchanged);
        }
        if !there.is_view || !Definition::is_ours(there.comment.as_deref()) {
            return Err(self.foreign(wanted));
        }
        self.create(wanted)?;
        Ok(Change::Altered)
    }

    fn apply_table(
        &self,
        wanted: &Definition,
        there: &Relation,
        location: &str,
        columns: &[ColumnDefinition],
        replace: bool,
    ) -> anyhow::Result<Change> {
        let is = |(found, wanted): (&(String, String), &ColumnDefinition)| {
            found.0 == wanted.name && found.1 == wanted.data_type
        };
        let begins_alike = there.columns.len() <= columns.len() && there.columns.iter().zip(columns).all(is);
        let same_columns = begins_alike && there.columns.len() == columns.len();
        if !there.is_view && same_columns && there.comment.as_deref() == Some(&wanted.comment) {
            return Ok(Change::Unchanged);
        }
        let same_location = !there.is_view && self.location(&wanted.name)?.as_deref() == Some(location);
        if !Definition::is_ours(there.comment.as_deref()) {
            // By hand, by the pipelines before this one: as good as ours if it is the same.
            return if same_columns && same_location { Ok(Change::Unchanged) } else { Err(self.foreign(wanted)) };
        }
        if begins_alike && same_location {
            self.bring_up_to_date(wanted, &columns[there.columns.len()..], columns)?;
            return Ok(Change::Altered);
        }
        if !replace {
            let what = if same_location { "other columns" } else { "another location" };
            return Err(Failure::parameters(format!("{} has {what}", self.table(&wanted.name)))
                .hint("pass --replace-tables=true; for an instant between two renames the table is not there")
                .into());
        }
        self.replace(wanted)?;
        Ok(Change::Replaced)
    }

    /// Adds columns behind those there are, and says anew what all are.
    fn bring_up_to_date(
        &self,
        wanted: &Definition,
        new: &[ColumnDefinition],
        all: &[ColumnDefinition],
    ) -> anyhow::Result<()> {
        let table = self.table(&wanted.name);
        for column in new {
            self.change("trino/add_column", &[("table", &table), ("column", &column.sql())])?;
        }
        for column in all.iter().take(all.len() - new.len()) {
            let comment = text_literal(&column.comment);
            let places = [("table", &*table), ("column", &quoted(&column.name)), ("comment", &comment)];
            self.change("trino/comment_on_column", &places)?;
        }
        // Last: the mark in it says that all of the above is done.
        self.change("trino/comment_on_table", &[("table", &table), ("comment", &text_literal(&wanted.comment))])
    }

    /// The new table is made beside the old one, then they change names.
    fn replace(&self, wanted: &Definition) -> anyhow::Result<()> {
        let next = Definition { name: format!("{}__next", wanted.name), ..wanted.clone() };
        let (table, before) = (self.table(&wanted.name), self.table(&format!("{}__before", wanted.name)));
        let next_table = self.table(&next.name);
        self.change("trino/drop_table", &[("table", &next_table)])?;
        self.change("trino/drop_table", &[("table", &before)])?;
        self.create(&next)?;
        self.change("trino/rename_table", &[("table", &table), ("name", &before)])?;
        if let Err(error) = self.change("trino/rename_table", &[("table", &next_table), ("name", &table)]) {
            self.change("trino/rename_table", &[("table", &before), ("name", &table)])?;
            return Err(error);
        }
        self.change("trino/drop_table", &[("table", &before)])
    }

    fn location(&self, table: &str) -> anyhow::Result<Option<String>> {
        let file = SqlFile::load("trino/location")?;
        let rows = self.trino.table(&file.with(&[("table", &self.table(table))]), &file.path)?.1;
        let text = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("external_location = '"));
        Ok(line.map(|rest| rest.trim_end_matches(',').trim_end_matches('\'').replace("''", "'")))
    }

    pub fn change(&self, file: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
        let file = SqlFile::load(file)?;
        self.trino.execute(&file.with(places), &file.path)
    }

    fn foreign(&self, wanted: &Definition) -> anyhow::Error {
        Failure::parameters(format!(
            "{} is something else, and register-tables did not make it",
            self.table(&wanted.name)
        ))
        .hint("rename or drop it by hand; nothing that others made is touched")
        .into()
    }
}
