//! The columns of a refined table: those of the declaration, the source's as they came, and those that say where a row comes
//! from.

use lake_catalog::{Alteration, PrimitiveType, Table, widens};

use super::declaration::Declaration;
use super::validate::SOURCE;
use crate::own::append::{INGESTION_TIMESTAMP, LINEAGE, POSITION};
use crate::own::columns::{Columns, TableColumn};
use crate::own::evolve::stored_columns;
use crate::own::names::named;
use crate::own::raw::{Raw, RawColumn};
use crate::own::request::{Mode, Request, Winner};
use crate::own::{Declared, types};
use crate::tables::iceberg::alterations;
use digdag_task::Failure;

/// A column of the source and its name in the refined table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// The name in the source.
    pub source: String,
    /// The name in the refined table.
    pub name: String,
}

/// Returns the columns of a source that came with its files.
///
/// # Errors
/// Fails if the table is not one of records as they came.
pub fn source_columns(source: &Table) -> anyhow::Result<Vec<SourceColumn>> {
    let stored = stored_columns(source)?;
    for (name, data_type) in LINEAGE {
        if !stored.iter().any(|(stored, _, of_type)| stored == name && *of_type == data_type) {
            let message = format!("table {} has no column {name} of type {}", source.name(), types::name(&data_type));
            return Err(Failure::input(message).hint("append-bronze makes such tables").into());
        }
    }
    let names = stored.into_iter().map(|(name, ..)| name);
    let names: Vec<_> = names.filter(|name| !LINEAGE.iter().any(|(lineage, _)| lineage == name)).collect();
    // The order of a table's columns stays, so each keeps its name here.
    let columns = named(&names).into_iter();
    Ok(columns.map(|named| SourceColumn { name: format!("{}{SOURCE}", named.name), source: named.source }).collect())
}

/// Returns the names and types of a refined table's columns, in order.
///
/// # Errors
/// Fails if the declaration has an unknown type.
pub fn wanted(declaration: &Declaration, source: &[SourceColumn]) -> anyhow::Result<Vec<(String, PrimitiveType)>> {
    let declared = declaration.columns.iter().map(|column| {
        let data_type = column.primitive().map_err(|error| anyhow::anyhow!(error))?;
        Ok((column.name.clone(), data_type))
    });
    let mut wanted = declared.collect::<anyhow::Result<Vec<_>>>()?;
    wanted.extend(source.iter().map(|column| (column.name.clone(), PrimitiveType::String)));
    wanted.extend(lineage());
    Ok(wanted)
}

/// Returns the names and types of the columns that say where a row comes from.
pub fn lineage() -> impl Iterator<Item = (String, PrimitiveType)> {
    LINEAGE.into_iter().map(|(name, data_type)| (name.to_owned(), data_type))
}

/// Returns the columns of a table after a refinement. In mode `replace`, an existing table gets the wanted columns and no
/// others; otherwise it keeps its own and gains those that it lacks.
///
/// # Errors
/// Fails if an existing column has another type, which only a refinement of all rows changes.
pub fn columns(
    wanted: &[(String, PrimitiveType)],
    key: &[String],
    table: Option<&Table>,
    mode: Mode,
) -> anyhow::Result<Columns> {
    let mut columns = Columns { key: key.to_vec(), ..Columns::default() };
    let stored = table.map(stored_columns).transpose()?.unwrap_or_default();
    let is_wanted = |name: &str| wanted.iter().find(|(wanted, _)| wanted == name);
    let is_replaced = mode == Mode::Replace;
    if is_replaced && let Some(table) = table {
        columns.alterations = alterations(table, wanted);
    }
    for (name, id, data_type) in stored.into_iter().filter(|_| !is_replaced) {
        let given = is_wanted(&name);
        if let Some((_, wanted)) = given.filter(|(_, wanted)| !widens(wanted, &data_type)) {
            let (is, wanted) = (types::name(&data_type), types::name(wanted));
            let message = format!("column {name} of the table is {is}, and the declaration has {wanted}");
            return Err(Failure::parameters(message)
                .hint("change the declaration, which refines all rows again")
                .into());
        }
        let is_given = given.is_some();
        columns.columns.push(TableColumn { name, is_given, stored: Some((id, data_type.clone())), data_type });
    }
    for (name, data_type) in wanted {
        if columns.columns.iter().any(|column| column.name == *name) {
            continue;
        }
        columns.added.push(name.clone());
        if table.is_some() && !is_replaced {
            columns.alterations.push(Alteration::Add(name.clone(), data_type.clone()));
        }
        let (name, data_type) = (name.clone(), data_type.clone());
        columns.columns.push(TableColumn { name, data_type, is_given: true, stored: None });
    }
    Ok(columns)
}

/// Returns the rows in `work.raw`, for the merge.
pub fn raw(columns: &[(String, PrimitiveType)], rows: u64) -> Raw {
    let column =
        |(name, _): &(String, PrimitiveType)| RawColumn { source: name.clone(), name: name.clone(), native: None };
    Raw { columns: columns.iter().map(column).collect(), rows }
}

/// Returns how rows are merged into a refined table.
///
/// # Errors
/// Fails if the declaration has an invalid name.
pub fn request(declaration: &Declaration, mode: Mode) -> anyhow::Result<Request> {
    let invalid = |error: String| anyhow::anyhow!(error);
    let order_by = order(declaration);
    let lineage = lineage().map(|(name, _)| name).collect();
    Ok(Request {
        table: declaration.target().map_err(invalid)?,
        mode,
        key: declaration.key.clone(),
        declared: Declared::default(),
        partial: true,
        order_by: order_by.clone(),
        rewrite: false,
        dry_run: false,
        partition: declaration.partition().map_err(invalid)?,
        sort: Vec::new(),
        winner: Some(Winner { order_by, lineage }),
    })
}

/// Returns the columns whose largest values win: that of the declaration, and then the row that was appended last.
pub fn order(declaration: &Declaration) -> Vec<String> {
    let appended = [INGESTION_TIMESTAMP, POSITION].map(str::to_owned);
    declaration.dedupe.order_by.iter().cloned().chain(appended).collect()
}
