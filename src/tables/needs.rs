//! The tables and views that a statement needs of a run.

use std::collections::BTreeSet;

use super::iceberg::VIEWS;
use crate::contract::{Contract, Table};
use crate::sql::{Filter, Reads, SqlFile};

/// The tables and views that a statement needs, with those below its views.
pub struct Needs<'r> {
    reads: &'r Reads,
    names: BTreeSet<String>,
    /// Tables and views that views of the statement read; the statement's conditions say nothing about their rows.
    below_views: BTreeSet<String>,
}

impl<'r> Needs<'r> {
    /// Returns what a statement needs. `None` for all tables and views, if the statement names one that is neither: its
    /// error then lists what there is.
    pub fn of(contract: &Contract, views: &[SqlFile], reads: &'r Reads) -> Option<Self> {
        let is_table = |name: &str| contract.tables.iter().any(|table| table.name == name || table.sql_name() == name);
        let of_contract = contract.tables.iter().flat_map(|table| [table.name.as_str(), table.sql_name()]);
        let all: Vec<&str> = of_contract.chain(views.iter().map(|view| view.name.as_str())).collect();
        let mut open = Vec::from_iter(reads.in_main());
        let mut needs = Needs { reads, names: BTreeSet::new(), below_views: BTreeSet::new() };
        while let Some(name) = open.pop() {
            if let Some(view) = views.iter().find(|view| view.name == name) {
                let below: Vec<_> = all.iter().filter(|other| **other != name && view.names_any(&[other])).collect();
                needs.below_views.extend(below.iter().map(|other| (**other).to_owned()));
                open.extend(
                    below.into_iter().filter(|other| !needs.names.contains(**other)).map(|other| (*other).to_owned()),
                );
            } else if !is_table(&name) && !reads.defines(&name) && !VIEWS.contains(&name.as_str()) {
                return None;
            }
            needs.names.insert(name);
        }
        Some(needs)
    }

    /// Returns whether a view is needed.
    pub fn view(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns whether a table is needed, under either of its names.
    pub fn table(&self, table: &Table) -> bool {
        self.view(&table.name) || self.view(table.sql_name())
    }

    /// Returns the condition that all rows meet that are needed of a table; `None` if all rows are.
    pub fn filter(&self, table: &Table) -> Option<Filter> {
        let names = [table.name.as_str(), table.sql_name()];
        let is_below = names.iter().any(|name| self.below_views.contains(*name));
        let names = if names[0] == names[1] { &names[..1] } else { &names[..] };
        if is_below { None } else { self.reads.filter("main", names) }
    }
}
