//! The columns that a table has after an upsert.

use lake_catalog::{Alteration, Column, NewTable, PrimitiveType, Session, SortBy, Table, TableChange};

use super::request::Request;
use super::types;
use crate::lake::Lake;
use crate::sql::quoted;
use crate::sql::statement::piece;
use crate::tables::iceberg::{KEY, properties_of_own_files};
use digdag_task::Failure;

/// A column of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The name.
    pub name: String,
    /// The type after the upsert.
    pub data_type: PrimitiveType,
    /// Whether the input has the column.
    pub is_given: bool,
    /// The field id and the type that the table's files have it under, unless it is new.
    pub stored: Option<(i32, PrimitiveType)>,
}

/// The columns of the table, and how they come about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// All columns, in order.
    pub columns: Vec<TableColumn>,
    /// The names of the key's columns.
    pub key: Vec<String>,
    /// The changes of the table's schema.
    pub alterations: Vec<Alteration>,
    /// The columns that are new.
    pub added: Vec<String>,
    /// The columns that get a wider type.
    pub widened: Vec<String>,
    /// The columns that get another type, for which all files are rewritten.
    pub rewritten: Vec<String>,
}

impl TableColumn {
    /// Returns DuckDB's name of the type.
    pub fn sql_type(&self) -> String {
        types::sql(&self.data_type).unwrap_or_default()
    }
}

impl Columns {
    /// Returns the columns of the key.
    pub fn key_columns(&self) -> Vec<&TableColumn> {
        self.key
            .iter()
            .filter_map(|name| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
            .collect()
    }

    /// Returns the quoted names of columns, separated by commas.
    pub fn list<'c>(columns: impl IntoIterator<Item = &'c TableColumn>) -> String {
        columns.into_iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }

    /// Returns a piece of SQL for each column, joined. The piece has the places `column`, `name` and `type`.
    ///
    /// # Errors
    /// Fails if the piece is missing.
    pub fn pieces<'c>(
        columns: impl IntoIterator<Item = &'c TableColumn>,
        piece_of: impl Fn(&TableColumn) -> &'static str,
        separator: &str,
    ) -> anyhow::Result<String> {
        let pieces = columns.into_iter().map(|column| {
            let name = quoted(&column.name);
            piece(piece_of(column), &[("column", &name), ("name", &name), ("type", &column.sql_type())])
        });
        Ok(pieces.collect::<anyhow::Result<Vec<_>>>()?.join(separator))
    }

    /// Returns the change of the table's columns, or the creation of the table.
    ///
    /// # Errors
    /// Fails if Iceberg does not allow the change.
    pub fn change(
        &self,
        lake: &Lake,
        request: &Request,
        table: Option<&Table>,
        session: Session,
    ) -> anyhow::Result<TableChange> {
        let key = self.key.join(",");
        let mut change = match table {
            None => {
                let mut change = TableChange::create(&self.new_table(lake, request)?, session)?;
                let by_key = || self.key.iter().map(|column| SortBy { column: column.clone(), descending: false });
                let sort: Vec<_> = if request.sort.is_empty() { by_key().collect() } else { request.sort.clone() };
                if !sort.is_empty() {
                    change.sort_by(&sort).map_err(refused)?;
                }
                if !request.partition.is_empty() {
                    change.partition_by(&request.partition).map_err(refused)?;
                }
                change
            }
            Some(table) => {
                let mut change = TableChange::of(table);
                if !self.alterations.is_empty() {
                    change.alter(&self.alterations).map_err(refused)?;
                }
                change
            }
        };
        let known = table.and_then(|table| table.metadata().properties().get(KEY));
        if !key.is_empty() && known != Some(&key) {
            change.set_properties(&[(KEY, &key)])?;
        }
        Ok(change)
    }

    fn new_table(&self, lake: &Lake, request: &Request) -> anyhow::Result<NewTable> {
        let column = |(id, column): (i32, &TableColumn)| Column {
            id,
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            description: None,
        };
        let name = &request.table;
        Ok(NewTable {
            name: name.clone(),
            folder: lake.tables_folder().join(&name.namespace).join(&name.name),
            columns: (1..).zip(&self.columns).map(column).collect(),
            sorted_by: None,
            properties: properties_of_own_files(&name.namespace)?,
        })
    }
}

/// Classifies Iceberg's refusal of a change as an error of the parameters.
pub fn refused(error: lake_catalog::Error) -> Failure {
    Failure::parameters(format!("{:#}", anyhow::Error::new(error)))
}
