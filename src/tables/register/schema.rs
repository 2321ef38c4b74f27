//! A schema of the metastore and the statements that change it.

use std::collections::BTreeMap;

use super::definition::Definition;
use crate::sql::{Rows, SqlFile, Trino, TrinoParameters, quoted, text_literal};
use digdag_task::{Failure, SharedObserver};

/// A schema of the metastore, with its tables and views as last read.
pub struct Schema {
    trino: Trino,
    catalog: String,
    name: String,
    pub(super) relations: BTreeMap<String, Relation>,
}

/// A table or view that exists.
pub(super) struct Relation {
    /// Whether it is a view.
    pub is_view: bool,
    /// Its comment, which holds the mark of register-tables.
    pub comment: Option<String>,
    /// The columns' names and types, in order.
    pub columns: Vec<(String, String)>,
}

impl Relation {
    /// Returns whether register-tables created it.
    pub fn is_ours(&self) -> bool {
        Definition::is_ours(self.comment.as_deref())
    }
}

impl Schema {
    /// Reads a schema, and creates it if it is missing.
    ///
    /// # Errors
    /// Fails with Trino's error, or if a parameter of the connection is missing or malformed.
    pub fn open(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let mut schema = Schema::unseen(parameters, name, observer)?;
        schema.change("trino/create_schema", &[("schema", &schema.qualified())])?;
        schema.look()?;
        Ok(schema)
    }

    /// Reads a schema that exists.
    pub(super) fn at(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let mut schema = Schema::unseen(parameters, name, observer)?;
        schema.look()?;
        Ok(schema)
    }

    /// Returns a schema that is not read yet.
    pub(super) fn unseen(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let trino = Trino::open(parameters, name, observer.clone())?;
        let (catalog, name) = (parameters.trino_catalog.clone(), name.to_owned());
        Ok(Schema { trino, catalog, name, relations: BTreeMap::new() })
    }

    /// Reads the schema again.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        let mut relations = BTreeMap::new();
        for row in self.ask("trino/relations")? {
            if let [Some(name), Some(kind), comment] = row.as_slice() {
                let relation = Relation { is_view: kind == "VIEW", comment: comment.clone(), columns: Vec::new() };
                relations.insert(name.clone(), relation);
            }
        }
        for row in self.ask("trino/columns")? {
            if let [Some(table), Some(column), Some(data_type)] = row.as_slice()
                && let Some(relation) = relations.get_mut(table)
            {
                relation.columns.push((column.clone(), data_type.clone()));
            }
        }
        self.relations = relations;
        Ok(())
    }

    /// Returns the session in the schema.
    pub fn trino(&self) -> &Trino {
        &self.trino
    }

    /// Converts the schema into its session.
    pub fn into_trino(self) -> Trino {
        self.trino
    }

    /// Returns the qualified name of the schema: `"hive"."discogs"`.
    pub(super) fn qualified(&self) -> String {
        format!("{}.{}", quoted(&self.catalog), quoted(&self.name))
    }

    /// Returns the qualified name of a table.
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

    /// Returns the names of all schemas of the catalog.
    pub(super) fn names_beside(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.ask("trino/schemas")?.into_iter().flatten().flatten().collect())
    }

    /// Returns the number of fractional digits in the catalog's timestamps.
    pub(super) fn timestamp_digits(&self) -> anyhow::Result<u8> {
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

    /// Returns the location of a table's files, from its definition.
    pub(super) fn location(&self, table: &str) -> anyhow::Result<Option<String>> {
        let file = SqlFile::load("trino/location")?;
        let rows = self.trino.table(&file.with(&[("table", &self.table(table))]), &file.path)?.1;
        let text = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("external_location = '"));
        Ok(line.map(|rest| rest.trim_end_matches(',').trim_end_matches('\'').replace("''", "'")))
    }

    pub(super) fn create(&self, wanted: &Definition) -> anyhow::Result<()> {
        self.trino.execute(&wanted.create(&self.qualified())?, &wanted.origin)
    }

    /// Drops a table that register-tables or a build created, if it exists. Its files stay.
    ///
    /// # Errors
    /// Refuses a table or view of another origin, or fails with Trino's error.
    pub fn drop_ours(&self, name: &str) -> anyhow::Result<()> {
        match self.relations.get(name) {
            Some(relation) if relation.is_view || !relation.is_ours() => Err(self.foreign(name)),
            _ => self.drop_table(name),
        }
    }

    /// Drops a table if it exists, without a check of its origin. Its files stay.
    ///
    /// # Errors
    /// Fails with Trino's error.
    pub fn drop_table(&self, name: &str) -> anyhow::Result<()> {
        self.change("trino/drop_table", &[("table", &self.table(name))])
    }

    /// Drops a view if it exists, without a check of its origin.
    ///
    /// # Errors
    /// Fails with Trino's error.
    pub fn drop_view(&self, name: &str) -> anyhow::Result<()> {
        self.change("trino/drop_view", &[("view", &self.table(name))])
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> anyhow::Result<()> {
        self.change("trino/rename_table", &[("table", &self.table(from)), ("name", &self.table(to))])
    }

    pub(super) fn change(&self, file: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
        let file = SqlFile::load(file)?;
        self.trino.execute(&file.with(places), &file.path)
    }

    /// Returns the failure for a table or view that register-tables did not create.
    pub(super) fn foreign(&self, name: &str) -> anyhow::Error {
        Failure::parameters(format!("{} is something else, and register-tables did not make it", self.table(name)))
            .hint("rename or drop it by hand; nothing that others made is touched")
            .into()
    }
}
