//! Contradictions in a declaration.

use std::collections::BTreeSet;

use lake_catalog::{PrimitiveType, TableName};

use super::declaration::{Column, Declaration, Text};
use super::value::{Value, is_number, is_time};
use crate::contract::{ColumnType, Contract, LocatedError};
use crate::own::append::LINEAGE;
use crate::own::names::named;
use crate::own::types;

/// The ending of the names of columns that have the texts as they came.
pub const SOURCE: &str = "_source";

/// The ending of the name of a table with rejected rows.
pub const REJECTED: &str = "_rejected";

/// The directives of a format.
const DIRECTIVES: [char; 17] = ['Y', 'y', 'm', 'd', 'b', 'B', 'a', 'A', 'H', 'I', 'M', 'S', 'f', 'p', 'z', 'j', '%'];

/// The most digits of a factor before and behind its point.
const FACTOR_DIGITS: usize = 9;

/// Returns the first contradiction of a declaration.
pub fn first_error(declaration: &Declaration) -> Option<LocatedError> {
    in_declaration(declaration).err()
}

fn refused(what: impl Into<String>) -> LocatedError {
    LocatedError::new(what)
}

fn in_declaration(declaration: &Declaration) -> Result<(), LocatedError> {
    declaration.source().map_err(|error| refused(error).under("source"))?;
    let TableName { name, .. } = declaration.target().map_err(|error| refused(error).under("target"))?;
    if name.ends_with(REJECTED) {
        return Err(refused(format!("{name} ends with {REJECTED}, as tables of rejected rows do")).under("target"));
    }
    if !(0.0..=1.0).contains(&declaration.max_rejected_share) {
        return Err(refused("max_rejected_share is a share, from 0 to 1").under("max_rejected_share"));
    }
    if declaration.columns.is_empty() {
        return Err(refused("a table needs columns").under("columns"));
    }
    let mut names = BTreeSet::new();
    for (index, column) in declaration.columns.iter().enumerate() {
        let is_new = names.insert(column.name.as_str());
        in_name(column, is_new).map_err(|error| error.under("name").at("columns", index))?;
        in_column(column).map_err(|error| error.at("columns", index))?;
    }
    if declaration.key.is_empty() {
        return Err(refused("the key needs a column").under("key"));
    }
    for (word, list) in [("key", &declaration.key), ("keys", &declaration.dedupe.keys)] {
        for (index, name) in list.iter().enumerate() {
            if declaration.column(name).is_none() || list[..index].contains(name) {
                let error = refused(format!("{name} is no column of the table, or comes twice")).at(word, index);
                return Err(if word == "keys" { error.under("dedupe") } else { error });
            }
        }
    }
    if let Some(name) = &declaration.dedupe.order_by
        && declaration.column(name).is_none()
    {
        return Err(refused(format!("{name} is no column of the table")).under("order_by").under("dedupe"));
    }
    in_partition(declaration).map_err(|error| error.under("partition"))
}

fn in_partition(declaration: &Declaration) -> Result<(), LocatedError> {
    let Some(text) = &declaration.partition else { return Ok(()) };
    let function = text.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    let partitions = declaration.partition().map_err(refused)?;
    if !["day", "month", "year"].contains(&function.as_str()) {
        return Err(refused(format!("expected day(COLUMN), month(COLUMN) or year(COLUMN), found {text}")));
    }
    for partition in partitions {
        let column = declaration.column(&partition.column).and_then(|column| column.primitive().ok());
        if !column.is_some_and(|data_type| is_time(&data_type)) {
            return Err(refused(format!("{} is no column with a date or a time", partition.column)));
        }
    }
    Ok(())
}

fn in_name(column: &Column, is_new: bool) -> Result<(), LocatedError> {
    let name = &column.name;
    let plain = named(std::slice::from_ref(name)).pop().map(|named| named.name);
    if plain.as_ref() != Some(name) {
        let advice = plain.map(|plain| format!(", such as {plain}")).unwrap_or_default();
        let what =
            format!("{name:?} is no name of a column: use small letters, digits and _, no reserved word{advice}");
        return Err(refused(what));
    }
    if name.ends_with(SOURCE) || LINEAGE.iter().any(|(lineage, _)| lineage == name) {
        let what = format!("{name} is the name of a column that the table has for the rows' origin");
        return Err(refused(what));
    }
    if is_new { Ok(()) } else { Err(refused(format!("column {name} stands twice"))) }
}

fn in_column(column: &Column) -> Result<(), LocatedError> {
    let data_type = column.primitive().map_err(|error| refused(error).under("type"))?;
    if types::sql(&data_type).is_none() {
        return Err(refused(format!("a column of a table cannot have the type {}", column.data_type)).under("type"));
    }
    let (is_number, is_time) = (is_number(&data_type), is_time(&data_type));
    let name = &column.name;
    if let Some(path) = &column.path
        && !path.starts_with('$')
    {
        return Err(refused(format!("expected a path such as $.title, found {path}")).under("path"));
    }
    if column.join.is_some() && !column.path.as_ref().is_some_and(|path| path.contains("[*]")) {
        return Err(refused("join needs a path with several values, such as $.artists[*].name").under("join"));
    }
    if column.decimal_mark.is_some() && !is_number {
        return Err(refused(format!("{name} is no number, so it has no decimal_mark")).under("decimal_mark"));
    }
    for (unit, factor) in &column.units {
        let refused = |what: String| refused(what).under(&unit.0).under("units");
        if !is_number {
            return Err(refused(format!("{name} is no number, so it has no units")));
        }
        if !is_factor(factor) {
            let what = format!("expected a factor above 0 with at most {FACTOR_DIGITS} digits and decimals");
            return Err(refused(format!("{what}, found {}", factor.0)));
        }
    }
    for (index, format) in column.formats.iter().enumerate() {
        let refused = |what: String| refused(what).at("formats", index);
        if !is_time {
            return Err(refused(format!("{name} is no date or time, so it has no formats")));
        }
        if !is_format(format) {
            let known: Vec<_> = DIRECTIVES.iter().map(|c| format!("%{c}")).collect();
            return Err(refused(format!("{format:?} has an unknown directive; known are {}", known.join(" "))));
        }
    }
    for (index, accepted) in column.accepted.iter().enumerate() {
        if column.formats.is_empty() && Value::parse(&data_type, &accepted.0).is_none() {
            let what = format!("{:?} is no {}", accepted.0, types::name(&data_type));
            return Err(refused(what).at("accepted", index));
        }
    }
    in_range(column, &data_type).map_err(|error| error.under("range"))?;
    in_reference(column, &data_type).map_err(|error| error.under("references"))
}

fn in_range(column: &Column, data_type: &PrimitiveType) -> Result<(), LocatedError> {
    let bound = |word: &str, bound: &Option<Text>| {
        let Some(Text(bound)) = bound else { return Ok(None) };
        let refused = |what: String| refused(what).under(word);
        if !is_number(data_type) && !is_time(data_type) {
            return Err(refused(format!("{} is no number, date or time, so it has no range", column.name)));
        }
        let value = Value::parse(data_type, bound);
        value.map(Some).ok_or_else(|| refused(format!("{bound:?} is no {}", types::name(data_type))))
    };
    let (min, max) = (bound("min", &column.range.min)?, bound("max", &column.range.max)?);
    match (min, max) {
        (Some(min), Some(max)) if min.is_above(&max) => Err(refused("min is larger than max").under("min")),
        _ => Ok(()),
    }
}

fn in_reference(column: &Column, data_type: &PrimitiveType) -> Result<(), LocatedError> {
    let Some((table, field)) = column.reference() else { return Ok(()) };
    let contract = Contract::load().map_err(|error| refused(format!("{error:#}")))?;
    let found = contract.tables.iter().find(|found| found.name == table || found.sql_name() == table);
    let Some(found) = found else { return Err(refused(format!("{table} is no table of the catalogue"))) };
    let Some(field) = found.column(field) else {
        return Err(refused(format!("expected TABLE.COLUMN, found {table}.{field}; the table has no such column")));
    };
    let is_same = match field.data_type {
        ColumnType::Bigint | ColumnType::Integer => matches!(data_type, PrimitiveType::Int | PrimitiveType::Long),
        ColumnType::Varchar => *data_type == PrimitiveType::String,
        ColumnType::Boolean | ColumnType::Timestamp => false,
    };
    if is_same {
        return Ok(());
    }
    let (of, to) = (types::name(data_type), &field.name);
    Err(refused(format!("{} is a {of}, and {table}.{to} has another type", column.name)))
}

/// Returns whether a text is a factor that DuckDB multiplies without loss.
fn is_factor(Text(text): &Text) -> bool {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |digits: &str| digits.len() <= FACTOR_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty()
        && is_digits(whole)
        && is_digits(decimals)
        && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn is_format(format: &str) -> bool {
    let mut characters = format.chars();
    let mut directives = 0;
    while let Some(c) = characters.next() {
        if c == '%' {
            directives += 1;
            if !characters.next().is_some_and(|directive| DIRECTIVES.contains(&directive)) {
                return false;
            }
        }
    }
    directives > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "\
source: bronze.mine_inventory
target: mine.inventory
key: [listing_id]
dedupe: {keys: [listing_id], order_by: listed}
partition: month(listed)
max_rejected_share: 0.1
null_words: [n/a]
columns:
  - name: listing_id
    type: bigint
    range: {min: 1, max: 100}
  - name: release_id
    type: bigint
    references: releases_v6.release_id
  - name: price
    type: decimal(12,2)
    strip: [$]
    decimal_mark: ','
  - name: weight
    type: integer
    units: {g: 1, kg: 1000}
  - name: listed
    type: date
    formats: ['%d/%m/%Y']
  - name: media
    type: varchar
    accepted: [Mint, 5]
  - name: artists
    from: basic_information
    path: $.artists[*].name
    join: ', '
    type: varchar
";

    #[test]
    fn a_right_declaration_is_read_and_its_digest_is_that_of_its_meaning() {
        let read = |text: &str| Declaration::parse("d.yml", text).expect("a right declaration");
        let digest = |text: &str| read(text).sha256().expect("a digest");
        assert_eq!(digest(RIGHT), digest(&format!("# a comment\n{}", RIGHT.replace("0.1", "0.2"))));
        assert_ne!(digest(RIGHT), digest(&RIGHT.replace("kg: 1000", "kg: 1001")));
    }

    #[test]
    fn each_mistake_is_one_line_with_its_place() {
        for (from, to, line, expected) in [
            ("bronze.mine_inventory", "bronze.inventory", 1, "expected bronze.mine_NAME"),
            ("target: mine.inventory", "target: gold.inventory", 2, "gold holds"),
            ("target: mine.inventory", "target: mine.a_rejected", 2, "_rejected"),
            ("key: [listing_id]", "key: []", 3, "the key needs a column"),
            ("key: [listing_id]", "key: [id]", 3, "id is no column"),
            ("key: [listing_id]", "keys: [listing_id]", 3, "unknown field `keys`"),
            ("keys: [listing_id]", "keys: [listing_id, id]", 4, "id is no column"),
            ("order_by: listed", "order_by: listing", 4, "listing is no column"),
            ("month(listed)", "month(listing)", 5, "listing is no column with a date"),
            ("month(listed)", "month(price)", 5, "price is no column with a date"),
            ("month(listed)", "bucket(4, listed)", 5, "expected day(COLUMN)"),
            ("month(listed)", "week(listed)", 5, "expected"),
            ("share: 0.1", "share: 1.5", 6, "from 0 to 1"),
            ("share: 0.1", "share: few", 6, "invalid type"),
            ("null_words: [n/a]", "null_words: n/a", 7, "invalid type"),
            ("name: listing_id", "name: Listing ID", 9, "such as listing_id"),
            ("name: listing_id", "name: position", 9, "rows' origin"),
            ("name: listing_id", "name: listing_source", 9, "rows' origin"),
            ("type: bigint", "type: money", 10, "money"),
            ("range: {min: 1", "range: {min: one", 11, "\"one\" is no bigint"),
            ("range: {min: 1,", "range: {min: 101,", 11, "min is larger than max"),
            ("range: {min: 1,", "range: {least: 1,", 11, "unknown field `least`"),
            ("name: release_id", "name: listing_id", 12, "stands twice"),
            ("releases_v6.release_id", "release.release_id", 14, "release is no table"),
            ("releases_v6.release_id", "releases_v6.id", 14, "no such column"),
            ("releases_v6.release_id", "releases_v6.title", 14, "another type"),
            ("decimal_mark: ','", "decimal_mark: ',,'", 18, "character"),
            ("type: decimal(12,2)", "type: varchar", 18, "no decimal_mark"),
            ("type: integer", "type: varchar", 21, "no units"),
            ("kg: 1000", "kg: -1", 21, "expected a factor"),
            ("kg: 1000", "kg: 1.0123456789", 21, "expected a factor"),
            ("'%d/%m/%Y'", "'%d/%Q'", 24, "unknown directive"),
            ("type: date", "type: timestamp, x", 23, "timestamp, x"),
            ("[Mint, 5]", "[[Mint]]", 27, "invalid type"),
            ("path: $.artists[*].name", "path: artists", 30, "expected a path"),
            ("path: $.artists[*].name", "path: $.title", 31, "several values"),
            ("    type: varchar\n    accepted", "    accepted", 25, "missing field `type`"),
            ("columns:", "columns: [}", 8, ""),
        ] {
            let text = RIGHT.replacen(from, to, 1);
            assert_ne!(text, RIGHT, "{from}");
            let error = Declaration::parse("d.yml", &text).map(|_| ()).expect_err(to).to_string();
            let is_there = error.starts_with(&format!("d.yml:{line}:")) && !error.contains('\n');
            assert!(is_there && error.contains(expected), "{to}: expected line {line}, {expected}: {error}");
        }
    }
}
