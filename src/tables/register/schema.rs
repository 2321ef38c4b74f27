use std::collections::BTreeMap;

use super::definition::Definition;
use crate::sql::{Rows, SqlFile, Trino, TrinoParameters, quoted, text_literal};
use digdag_task::{Failure, SharedObserver};

/// A schema of the metastore, and what it held when it was looked at.
pub struct Schema {
    trino: Trino,
    catalog: String,
    name: String,
    pub(super) relations: BTreeMap<String, Relation>,
}

/// A table or view that is there.
pub(super) struct Relation {
    pub is_view: bool,
    pub comment: Option<String>,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
}

impl Relation {
    /// Whether register-tables made it.
    pub fn is_ours(&self) -> bool {
        Definition::is_ours(self.comment.as_deref())
    }
}

impl Schema {
    /// Looks at a schema, which is made if it is not there.
    pub fn open(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let mut schema = Schema::unseen(parameters, name, observer)?;
        schema.change("trino/create_schema", &[("schema", &schema.qualified())])?;
        schema.look()?;
        Ok(schema)
    }

    /// Looks at a schema that is there.
    pub(super) fn at(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let mut schema = Schema::unseen(parameters, name, observer)?;
        schema.look()?;
        Ok(schema)
    }

    /// A schema that is not looked at.
    pub(super) fn unseen(parameters: &TrinoParameters, name: &str, observer: &SharedObserver) -> anyhow::Result<Self> {
        let trino = Trino::open(parameters, name, observer.clone())?;
        let (catalog, name) = (parameters.trino_catalog.clone(), name.to_owned());
        Ok(Schema { trino, catalog, name, relations: BTreeMap::new() })
    }

    /// Looks again.
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

    /// A session in the schema.
    pub fn trino(&self) -> &Trino {
        &self.trino
    }

    pub fn into_trino(self) -> Trino {
        self.trino
    }

    /// `"hive"."discogs"`.
    pub(super) fn qualified(&self) -> String {
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

    /// The names of all schemas of the catalog.
    pub(super) fn names_beside(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.ask("trino/schemas")?.into_iter().flatten().flatten().collect())
    }

    /// How many digits of a second the catalog reads in timestamps.
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

    /// Where a table's files are, as it says itself.
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

    /// Drops a table that register-tables or a build made, if it is there. Its files stay.
    pub fn drop_ours(&self, name: &str) -> anyhow::Result<()> {
        match self.relations.get(name) {
            Some(relation) if relation.is_view || !relation.is_ours() => Err(self.foreign(name)),
            _ => self.drop_table(name),
        }
    }

    pub fn drop_table(&self, name: &str) -> anyhow::Result<()> {
        self.change("trino/drop_table", &[("table", &self.table(name))])
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> anyhow::Result<()> {
        self.change("trino/rename_table", &[("table", &self.table(from)), ("name", &self.table(to))])
    }

    pub(super) fn change(&self, file: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
        let file = SqlFile::load(file)?;
        self.trino.execute(&file.with(places), &file.path)
    }

    /// That a name is taken by what register-tables did not make.
    pub(super) fn foreign(&self, name: &str) -> anyhow::Error {
        Failure::parameters(format!("{} is something else, and register-tables did not make it", self.table(name)))
            .hint("rename or drop it by hand; nothing that others made is touched")
            .into()
    }
}
