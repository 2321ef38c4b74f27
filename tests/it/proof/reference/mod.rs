//! The reference reader: records into rows, as `tables.md` and `dumps.md` say it, without regard to speed.
//!
//! It is written apart from `src/record` and shares nothing with it: another XML parser, a tree in place of a stream,
//! and the columns said once more. What both get wrong in the same way has to be wrong in the specification.

mod artists;
mod labels;
mod masters;
mod numbers;
mod parts;
mod releases;
mod tracks;

use super::Entity;
use super::dom::Element;
use crate::support::{Row, Table, Value};

/// The tables that the records of a dump become, by their names in the contract.
pub fn tables(entity: Entity, root: &Element) -> Vec<Table> {
    let (columns, read): (_, fn(&Element, &mut Tables)) = match entity {
        Entity::Artists => (artists::TABLES, artists::read),
        Entity::Labels => (labels::TABLES, labels::read),
        Entity::Masters => (masters::TABLES, masters::read),
        Entity::Releases => (releases::TABLES, releases::read),
    };
    let mut tables = Tables::new(columns);
    for record in root.named(entity.record()) {
        read(record, &mut tables);
    }
    tables.0
}

/// Names and columns, these parted by spaces.
type Declared = &'static [(&'static str, &'static str)];

struct Tables(Vec<Table>);

impl Tables {
    fn new(declared: Declared) -> Self {
        let table = |(name, columns): &(&str, &str)| Table {
            name: (*name).to_owned(),
            columns: columns.split(' ').map(str::to_owned).collect(),
            rows: Vec::new(),
        };
        Tables(declared.iter().map(table).collect())
    }

    fn add(&mut self, table: &str, row: Row) {
        let table = self.0.iter_mut().find(|known| known.name == table).unwrap();
        assert_eq!(table.columns.len(), row.len(), "a row of {}", table.name);
        table.rows.push(row);
    }

    /// A row for each, behind the id of their record and a position from 1.
    fn add_list(&mut self, table: &str, id: i64, rows: impl IntoIterator<Item = Row>) {
        for (position, row) in (1..).zip(rows) {
            self.add(table, [vec![Value::Int(id), Value::Int(position)], row].concat());
        }
    }

    /// As `add_list`, of single texts.
    fn add_texts(&mut self, table: &str, id: i64, texts: &[&str]) {
        self.add_list(table, id, texts.iter().map(|text| vec![Value::Text((*text).to_owned())]));
    }
}

/// The non-empty ones with a separator between them; NULL if there is none.
fn joined<'t>(texts: impl IntoIterator<Item = Option<&'t str>>, separator: &str) -> Value {
    let texts: Vec<_> = texts.into_iter().flatten().collect();
    Value::text(Some(texts.join(separator)).filter(|_| !texts.is_empty()))
}

fn joined_texts(texts: &[&str]) -> Value {
    joined(texts.iter().copied().map(Some), ", ")
}
