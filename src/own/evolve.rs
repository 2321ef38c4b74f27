//! Decides the columns and types of a table from the input, and how the table's columns evolve.

use lake_catalog::{Alteration, Place, PrimitiveType, Table, Type, widens};

use super::columns::{Columns, TableColumn};
use super::infer::{holds, infer};
use super::raw::{Raw, RawColumn};
use super::request::{Mode, Request};
use super::types::{self, misfit};
use crate::sql::statement::{number, piece, rows};
use crate::sql::{DuckDb, quoted};
use crate::tables::iceberg::key_in;
use digdag_task::Failure;

/// Decides the columns of the table after an upsert.
///
/// # Errors
/// Fails if a value does not fit its column, naming the row, the column and the ways out; if a column or the key is
/// missing; or if a key has no value.
pub fn decide(engine: &DuckDb, raw: &Raw, table: Option<&Table>, request: &Request) -> anyhow::Result<Columns> {
    let mut columns = Columns { key: key(raw, table, request)?, ..Columns::default() };
    let stored = table.map(stored_columns).transpose()?.unwrap_or_default();
    for (index, (name, id, data_type)) in stored.iter().enumerate() {
        let given = raw.column(name).filter(|_| request.mode != Mode::Delete || columns.key.contains(name));
        let decided = known_type(engine, given, name, data_type, request)?;
        if decided != *data_type {
            if widens(data_type, &decided) {
                columns.widened.push(name.clone());
                columns.alterations.push(Alteration::Widen(name.clone(), decided.clone()));
            } else {
                columns.rewritten.push(name.clone());
                let before = index.checked_sub(1).map(|index| stored[index].0.clone());
                columns.alterations.extend([
                    Alteration::Drop(name.clone()),
                    Alteration::Add(name.clone(), decided.clone()),
                    Alteration::Move(name.clone(), before.map_or(Place::First, Place::After)),
                ]);
            }
        }
        columns.columns.push(TableColumn {
            name: name.clone(),
            data_type: decided,
            is_given: given.is_some(),
            stored: Some((*id, data_type.clone())),
        });
    }
    let is_stored = |column: &&RawColumn| stored.iter().any(|(name, ..)| name.eq_ignore_ascii_case(&column.name));
    for column in raw.columns.iter().filter(|column| !is_stored(column)) {
        if request.mode == Mode::Delete {
            continue;
        }
        let decided = new_type(engine, column, request)?;
        columns.added.push(column.name.clone());
        columns.alterations.push(Alteration::Add(column.name.clone(), decided.clone()));
        columns.columns.push(TableColumn {
            name: column.name.clone(),
            data_type: decided,
            is_given: true,
            stored: None,
        });
    }
    check(engine, raw, &columns, request)?;
    Ok(columns)
}

/// Returns the key's columns as the table names them.
fn key(raw: &Raw, table: Option<&Table>, request: &Request) -> anyhow::Result<Vec<String>> {
    let known = table.map(|table| key_in(table, table.metadata().current_schema())).unwrap_or_default();
    if request.mode == Mode::Append && request.key.is_empty() {
        return Ok(known);
    }
    let mut key = Vec::new();
    for name in if request.key.is_empty() { &known } else { &request.key } {
        let column = raw.column(name).ok_or_else(|| {
            let names: Vec<_> = raw.columns.iter().map(|column| column.name.as_str()).collect();
            Failure::parameters(format!("parameter key: the input has no column {name}; it has {}", names.join(", ")))
        })?;
        key.push(column.name.clone());
    }
    if !known.is_empty() && key != known {
        return Err(Failure::parameters(format!(
            "parameter key: table {} has the key {}, not {}",
            request.table,
            known.join(","),
            key.join(",")
        ))
        .hint("leave out --key, or write to another table")
        .into());
    }
    if key.is_empty() && matches!(request.mode, Mode::Upsert | Mode::Delete) {
        let failure = Failure::parameters(format!("parameter key is missing: mode {} needs one", request.mode.name()));
        return Err(failure.hint("name the columns that tell rows apart: --key listing_id").into());
    }
    Ok(key)
}

/// Returns the name, the field id and the type of each column of a table.
pub(super) fn stored_columns(table: &Table) -> anyhow::Result<Vec<(String, i32, PrimitiveType)>> {
    let schema = table.metadata().current_schema();
    let column = |field: &lake_catalog::Field| match &*field.field_type {
        Type::Primitive(data_type) if types::sql(data_type).is_some() => {
            Ok((field.name.clone(), field.id, data_type.clone()))
        }
        other => Err(Failure::input(format!(
            "table {}, column {}: the type {other} is not read by this task",
            table.name(),
            field.name
        ))
        .hint("read and write this table with Trino")
        .into()),
    };
    schema.as_struct().fields().iter().map(|field| column(field)).collect()
}

/// Returns the type of a column that the table has: its own, a wider one, or a declared one.
fn known_type(
    engine: &DuckDb,
    given: Option<&RawColumn>,
    name: &str,
    current: &PrimitiveType,
    request: &Request,
) -> anyhow::Result<PrimitiveType> {
    let declared = request.declared.of(name).or_else(|| request.declared.of(&given?.source));
    if let Some(declared) = declared {
        if !widens(current, declared) && !request.rewrite {
            let message = format!(
                "table {}, column {name}: {} cannot become {} without a rewrite of the table",
                request.table,
                types::name(current),
                types::name(declared)
            );
            return Err(Failure::parameters(message).hint("add --rewrite=true, or declare another type").into());
        }
        if let Some(column) = given {
            require(engine, column, declared, || "declare a type that holds it".to_owned())?;
        }
        return Ok(declared.clone());
    }
    let Some(column) = given else { return Ok(current.clone()) };
    let quoted_name = quoted(&column.name);
    let wider = match current {
        PrimitiveType::Int => vec![PrimitiveType::Long],
        PrimitiveType::Float => vec![PrimitiveType::Double],
        PrimitiveType::Decimal { precision, scale } => {
            let wider = [18, 38].into_iter().filter(|wider| wider > precision);
            wider.map(|precision| PrimitiveType::Decimal { precision, scale: *scale }).collect()
        }
        _ => Vec::new(),
    };
    for candidate in std::iter::once(current.clone()).chain(wider) {
        if holds(engine, &quoted_name, &candidate)? {
            return Ok(candidate);
        }
    }
    let inferred = infer(engine, &column.name)?;
    let both = common(current, &inferred);
    require(engine, column, current, || {
        let as_text = format!("--declare {name}=varchar --rewrite=true makes the column text");
        match both {
            PrimitiveType::String => as_text,
            both => {
                let both = types::name(&both);
                format!("--declare '{name}={both}' --rewrite=true rewrites the table with that type; {as_text}")
            }
        }
    })?;
    Ok(current.clone())
}

/// Returns a type that holds the values of two types, for the hint of an error.
fn common(current: &PrimitiveType, inferred: &PrimitiveType) -> PrimitiveType {
    use PrimitiveType::{Date, Decimal, Double, Float, Int, Long, String, Timestamp};
    match (current, inferred) {
        (Int | Long, Decimal { scale, .. }) => Decimal { precision: 18 + scale, scale: *scale },
        (Decimal { scale, .. }, Decimal { scale: other, .. }) => {
            Decimal { precision: 18 + scale.max(other), scale: *scale.max(other) }
        }
        (Decimal { scale, .. }, Int | Long) => Decimal { precision: 19 + scale, scale: *scale },
        (Int | Long | Float | Decimal { .. }, Double) => Double,
        (Date, Timestamp) => Timestamp,
        _ => String,
    }
}

/// Returns the type of a column that the table lacks.
fn new_type(engine: &DuckDb, column: &RawColumn, request: &Request) -> anyhow::Result<PrimitiveType> {
    let declared = request.declared.of(&column.name).or_else(|| request.declared.of(&column.source));
    match declared.or(column.native.as_ref()) {
        Some(declared) => {
            let hint = || format!("declare another type, or --declare {}=varchar", column.name);
            // A Parquet file states the types of its values, so these fit.
            if Some(declared) != column.native.as_ref() {
                require(engine, column, declared, hint)?;
            }
            Ok(declared.clone())
        }
        None => infer(engine, &column.name),
    }
}

/// Requires that a type holds every value of a column.
fn require(
    engine: &DuckDb,
    column: &RawColumn,
    data_type: &PrimitiveType,
    hint: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let name = quoted(&column.name);
    let Some(misfit) = misfit(&name, data_type)? else { return Ok(()) };
    let found = rows(engine, "own/misfit", &[("column", &name), ("misfit", &misfit)])?;
    let mut cells = found.into_iter().flatten();
    let (Some(Some(row)), Some(Some(value)), Some(Some(count))) = (cells.next(), cells.next(), cells.next()) else {
        return Ok(());
    };
    let more = match count.parse::<u64>().unwrap_or(1) {
        0 | 1 => String::new(),
        count => format!(", and {} more values", count - 1),
    };
    let value: String = value.chars().take(60).collect();
    let message = format!("row {row}, column {}: {value:?} is no {}{more}", column.name, types::name(data_type));
    Err(Failure::input(message).hint(hint()).into())
}

fn check(engine: &DuckDb, raw: &Raw, columns: &Columns, request: &Request) -> anyhow::Result<()> {
    for (name, _) in &request.declared.0 {
        let is_known = |column: &TableColumn| column.name.eq_ignore_ascii_case(name);
        if !columns.columns.iter().any(is_known) && raw.column(name).is_none() {
            return Err(Failure::parameters(format!("parameter declare: there is no column {name}")).into());
        }
    }
    if columns.columns.is_empty() {
        return Err(Failure::input("the input has no columns").into());
    }
    let missing: Vec<_> = columns.columns.iter().filter(|column| !column.is_given).map(|it| it.name.as_str()).collect();
    if request.mode == Mode::Upsert && !missing.is_empty() && !request.partial {
        let message = format!("the input lacks the columns {} of table {}", missing.join(", "), request.table);
        return Err(Failure::input(message)
            .hint("--partial=true keeps their values; or give the columns, empty to clear them")
            .into());
    }
    if columns.key.is_empty() || request.mode == Mode::Append {
        return Ok(());
    }
    let is_null: Vec<_> = columns
        .key
        .iter()
        .map(|name| piece("own/pieces/is_null", &[("column", &quoted(name))]))
        .collect::<anyhow::Result<_>>()?;
    match number(engine, "own/null_key", &[("is_null", &is_null.join(" OR "))])? {
        0 => Ok(()),
        row => Err(Failure::input(format!("row {row}: the key {} has no value", columns.key.join(", ")))
            .hint("give every row its key, or name another --key")
            .into()),
    }
}
