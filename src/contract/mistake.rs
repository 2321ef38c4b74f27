//! What makes a contract contradict itself, and where in its text that stands.
//!
//! Syntax, unknown words and wrong types are found by the YAML reader, with line and column. What is found here is
//! found in the contract as read, under the path of the value; [`Mistake::located`] walks the text along that path.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, Span};

use super::{Column, Contract, Environment, Relationship, Table};

/// A step from a value of the YAML to one in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A contradiction and the value that it is about.
#[derive(Clone, Debug)]
pub struct Mistake {
    path: Vec<Step>,
    what: String,
}

impl Mistake {
    fn new(what: String) -> Self {
        Mistake { path: Vec::new(), what }
    }

    /// Within a value of a map.
    fn under(mut self, key: &str) -> Self {
        self.path.insert(0, Step::Key(key.to_owned()));
        self
    }

    /// Within an element of a list.
    fn at(mut self, key: &str, index: usize) -> Self {
        self.path.insert(0, Step::Index(index));
        self.under(key)
    }

    /// `<file>:<line>:<column>: <what>`, both from 1.
    pub fn located(&self, file: &str, text: &str) -> String {
        let mut place = (1, 1);
        walk(&mut Parser::new_from_str(text), &self.path, &mut place);
        format!("{file}:{}:{}: {}", place.0, place.1, self.what)
    }
}

/// What the YAML reader says without the place, which stands in front.
pub fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what)
}

/// The first contradiction of a contract.
pub fn find(contract: &Contract) -> Option<Mistake> {
    in_contract(contract).err()
}

fn in_contract(contract: &Contract) -> Result<(), Mistake> {
    for (index, table) in contract.tables.iter().enumerate() {
        let twice = contract.tables[..index].iter().any(|other| other.name == table.name);
        in_table(contract, table, twice).map_err(|mistake| mistake.at("tables", index))?;
    }
    for (index, anomaly) in contract.anomalies.iter().enumerate() {
        if contract.table(&anomaly.of).is_err() {
            let what = format!("anomaly {} is of {}, which is not a table", anomaly.name, anomaly.of);
            return Err(Mistake::new(what).under("of").at("anomalies", index));
        }
        if !is_share(anomaly.max_share) {
            return Err(Mistake::new("max_share is a share, 0 to 1".to_owned())
                .under("max_share")
                .at("anomalies", index));
        }
    }
    for (name, environment) in &contract.environments {
        in_environment(contract, name, environment).map_err(|mistake| mistake.under(name).under("environments"))?;
    }
    Ok(())
}

fn in_environment(contract: &Contract, name: &str, environment: &Environment) -> Result<(), Mistake> {
    match environment.minimum_rows_of.keys().find(|table| contract.table(table).is_err()) {
        None => Ok(()),
        Some(table) => Err(Mistake::new(format!("environment {name} names {table}, which is not a table"))
            .under(table)
            .under("minimum_rows_of")),
    }
}

fn in_table(contract: &Contract, table: &Table, twice: bool) -> Result<(), Mistake> {
    if twice {
        return Err(Mistake::new(format!("table {} stands twice", table.name)).under("name"));
    }
    for (word, name) in [("name", table.name.as_str()), ("sql_name", table.sql_name())] {
        if !is_plain(name) {
            return Err(Mistake::new(format!("{name:?} is not a table's name: use a-z, 0-9 and _")).under(word));
        }
    }
    if table.row_group_rows == 0 || table.columns.is_empty() {
        let what = format!("table {} needs columns and row_group_rows above 0", table.name);
        return Err(Mistake::new(what).under("row_group_rows"));
    }
    if let Some(index) = table.key.iter().position(|name| table.column(name).is_none()) {
        let what = format!("the key of {} names {}, which is not a column", table.name, table.key[index]);
        return Err(Mistake::new(what).at("key", index));
    }
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (index, column) in table.columns.iter().enumerate() {
        let twice = !names.insert(&column.name);
        if !column.id.is_some_and(|id| id > 0 && ids.insert(id)) {
            let next = table.columns.iter().filter_map(|column| column.id).max().unwrap_or(0) + 1;
            let what = format!("column {} of {} needs an id of its own, as {next}", column.name, table.name);
            return Err(Mistake::new(what).at("columns", index));
        }
        in_column(contract, table, column, twice).map_err(|mistake| mistake.at("columns", index))?;
    }
    Ok(())
}

fn in_column(contract: &Contract, table: &Table, column: &Column, twice: bool) -> Result<(), Mistake> {
    if twice || !is_plain(&column.name) {
        let what = format!("column {:?} of {} is misnamed or stands twice", column.name, table.name);
        return Err(Mistake::new(what).under("name"));
    }
    if let Some(relationship) = &column.relationships {
        in_relationship(contract, table, column, relationship).map_err(|mistake| mistake.under("relationships"))?;
    }
    if let Some(joined) = &column.joined {
        let parts = contract.table(&joined.from).ok();
        let keyed = parts.is_some_and(|parts| table.key.len() == 1 && parts.column(&table.key[0]).is_some());
        if !keyed || parts.and_then(|parts| parts.column(&joined.column)).is_none() {
            let what = format!(
                "{}.{} is joined of {}.{}, which is not a column beside the key of {0}",
                table.name, column.name, joined.from, joined.column
            );
            return Err(Mistake::new(what).under("joined"));
        }
    }
    if column.max_null_share.is_some_and(|share| !is_share(share)) {
        return Err(Mistake::new("max_null_share is a share, 0 to 1".to_owned()).under("max_null_share"));
    }
    Ok(())
}

fn in_relationship(
    contract: &Contract,
    table: &Table,
    column: &Column,
    relationship: &Relationship,
) -> Result<(), Mistake> {
    let target = contract.table(&relationship.to).ok();
    let field = target.and_then(|table| table.column(&relationship.field));
    if field.is_none_or(|field| field.data_type != column.data_type) {
        let what = format!(
            "{}.{} refers to {}.{}, which is not a column of its type",
            table.name, column.name, relationship.to, relationship.field
        );
        return Err(Mistake::new(what).under("to"));
    }
    match &relationship.name {
        Some(name) if table.column(name).is_none() || target.and_then(|table| table.column("name")).is_none() => {
            let what = format!("{}.{name} and {}.name are not both columns", table.name, relationship.to);
            Err(Mistake::new(what).under("name"))
        }
        _ => Ok(()),
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_share(share: f64) -> bool {
    (0.0..=1.0).contains(&share)
}

type Next<'t> = Option<(Event<'t>, Span)>;

fn next<'t>(parser: &mut Parser<'t, saphyr_parser::StrInput<'t>>) -> Next<'t> {
    loop {
        match parser.next_event()?.ok()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            event => return Some(event),
        }
    }
}

/// Reads the next value and leaves in `place` where it begins, or where the value begins that the path leads to: the
/// nearest one that is there.
fn walk<'t>(
    parser: &mut Parser<'t, saphyr_parser::StrInput<'t>>,
    path: &[Step],
    place: &mut (usize, usize),
) -> Option<()> {
    let (event, span) = next(parser)?;
    *place = (span.start.line(), span.start.col() + 1);
    match (&event, path.split_first()) {
        (Event::MappingStart(..), Some((Step::Key(wanted), rest))) => loop {
            match next(parser)?.0 {
                Event::Scalar(key, ..) if key == wanted.as_str() => return walk(parser, rest, place),
                Event::MappingEnd => return None,
                key => skip_rest(parser, &key)?,
            }
            skip(parser)?;
        },
        (Event::SequenceStart(..), Some((Step::Index(index), rest))) => {
            for _ in 0..*index {
                skip(parser)?;
            }
            walk(parser, rest, place)
        }
        _ => None,
    }
}

fn skip<'t>(parser: &mut Parser<'t, saphyr_parser::StrInput<'t>>) -> Option<()> {
    let (event, _) = next(parser)?;
    skip_rest(parser, &event)
}

/// Reads what belongs to a value whose first event was read.
fn skip_rest<'t>(parser: &mut Parser<'t, saphyr_parser::StrInput<'t>>, event: &Event<'t>) -> Option<()> {
    let mut open = usize::from(matches!(event, Event::MappingStart(..) | Event::SequenceStart(..)));
    while open > 0 {
        match next(parser)?.0 {
            Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
            Event::MappingEnd | Event::SequenceEnd => open -= 1,
            _ => {}
        }
    }
    Some(())
}
