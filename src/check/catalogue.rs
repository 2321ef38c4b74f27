//! The checks that are queries: what the contract declares, then the files of `sql/checks`.

use super::query::CheckQuery;
use super::scan::RuleOf;
use crate::contract::{Column, Contract, Joined, Relationship, Table};
use crate::sql::{SqlFile, quoted, text_literal};

/// The number of columns that a sample shows of a table without a key.
const COLUMNS_SHOWN: usize = 3;

/// Returns every check, in the order of the contract.
///
/// # Errors
/// Fails if a file of sql/checks has a missing or unknown header.
pub fn checks(contract: &Contract) -> anyhow::Result<Vec<CheckQuery>> {
    let generic = Generic::load()?;
    let mut checks = Vec::new();
    for table in &contract.tables {
        for column in &table.columns {
            generic.of_column(contract, table, column, &mut checks)?;
        }
        generic.of_key(table, &mut checks);
    }
    for file in SqlFile::folder("checks")? {
        // A contract on trial may leave tables out; a test requires the built-in one to have them all.
        if file.header("of").is_some_and(|of| contract.table(of).is_err()) {
            continue;
        }
        checks.push(CheckQuery::of_file(file, contract)?);
    }
    Ok(checks)
}

/// The files of `sql/checks/generic`: queries with placeholders for names.
struct Generic {
    not_null: SqlFile,
    unique: SqlFile,
    consecutive: SqlFile,
    relationship: SqlFile,
    relationship_or_none: SqlFile,
    same_name: SqlFile,
    joined: SqlFile,
    joined_in_order: SqlFile,
    accepted_values: SqlFile,
}

impl Generic {
    fn load() -> anyhow::Result<Self> {
        let file = |name: &str| SqlFile::load(&format!("checks/generic/{name}"));
        Ok(Generic {
            not_null: file("not_null")?,
            unique: file("unique")?,
            consecutive: file("consecutive")?,
            relationship: file("relationship")?,
            relationship_or_none: file("relationship_or_none")?,
            same_name: file("same_name")?,
            joined: file("joined")?,
            joined_in_order: file("joined_in_order")?,
            accepted_values: file("accepted_values")?,
        })
    }

    fn of_column(
        &self,
        contract: &Contract,
        table: &Table,
        column: &Column,
        checks: &mut Vec<CheckQuery>,
    ) -> anyhow::Result<()> {
        let (key, name) = (key(table), quoted(&column.name));
        if column.not_null {
            let means = format!("{} is NULL", column.name);
            let places = [("key", key.as_str()), ("column", &name)];
            let mut check =
                CheckQuery::critical(table, &format!("null_{}", column.name), means, &self.not_null, &places);
            check.in_statement = table.key.first() == Some(&column.name);
            checks.push(check.about(RuleOf::NotNull { column: column.name.clone() }));
        }
        if let Some(nulls) = &column.nulls {
            let means = format!("{} is NULL", column.name);
            let places = [("key", key.as_str()), ("column", &name)];
            let name = format!("null_ratio_{}", column.name);
            checks.push(
                CheckQuery::critical(table, &name, means, &self.not_null, &places)
                    .expect(&nulls.clone().because_by_default("Upstream has hardly any without."))
                    .about(RuleOf::NotNull { column: column.name.clone() }),
            );
        }
        if let Some(relationship) = &column.relationships {
            let to = contract.table(&relationship.to)?;
            checks.push(self.relationship(table, column, relationship, to));
            if let Some(beside) = &relationship.name {
                checks.push(self.same_name(table, column, relationship, to, beside));
            }
        }
        if let Some(joined) = &column.joined {
            checks.push(self.joined(table, column, joined, contract.table(&joined.from)?));
        }
        if let Some(accepted) = &column.accepted_values {
            let values: Vec<_> = accepted.values.iter().map(|value| text_literal(value)).collect();
            let places = [("key", key.as_str()), ("column", &name), ("values", &values.join(", "))];
            let means = format!("{} is none of the words known", column.name);
            let name = format!("unknown_{}", column.name);
            let check = CheckQuery::critical(table, &name, means, &self.accepted_values, &places);
            let expect = accepted.expect.clone().because_by_default("A new word of upstream's, or a column mixed up.");
            let (column, values) = (column.name.clone(), accepted.values.clone());
            checks.push(check.expect(&expect).about(RuleOf::AcceptedValues { column, values }));
        }
        Ok(())
    }

    /// Returns the check of a joined text. If the rows have an order, the rest of their key, the text must follow it.
    fn joined(&self, table: &Table, column: &Column, joined: &Joined, from: &Table) -> CheckQuery {
        let order = from.key.iter().filter(|part| !table.key.contains(part)).map(|part| quoted(part));
        let order = order.collect::<Vec<_>>().join(", ");
        let (file, how) = match order.as_str() {
            "" => (&self.joined, "joined"),
            _ => (&self.joined_in_order, "joined in order"),
        };
        let places = [
            ("key", key(table)),
            ("column", quoted(&column.name)),
            ("from", quoted(from.sql_name())),
            ("part", quoted(&joined.column)),
            ("order", order),
            ("separator", text_literal(&joined.separator)),
        ];
        let places: Vec<_> = places.iter().map(|(place, name)| (*place, name.as_str())).collect();
        let means = format!("{} is not {}.{} {how}", column.name, joined.from, joined.column);
        let mut check = CheckQuery::critical(table, &format!("{}_agrees", column.name), means, file, &places);
        check.reads.push(joined.from.clone());
        check.about(RuleOf::Joined {
            column: column.name.clone(),
            from: joined.from.clone(),
            separator: joined.separator.clone(),
            pieces: None,
        })
    }

    fn of_key(&self, table: &Table, checks: &mut Vec<CheckQuery>) {
        let Some((last, group)) = table.key.split_last() else { return };
        let columns = table.key.join(", ");
        let name = match (&table.key_check_name, group) {
            (Some(name), _) => name.clone(),
            (None, []) => format!("duplicate_{columns}s"),
            (None, _) => "duplicate_keys".to_owned(),
        };
        let means = format!("the same {columns} stands more than once");
        let unique = CheckQuery::critical(table, &name, means, &self.unique, &[("key", &key(table))]);
        checks.push(unique.in_statement().about(RuleOf::Unique));
        if !group.is_empty() && ["position", "sequence"].contains(&last.as_str()) {
            let group: Vec<_> = group.iter().map(|column| quoted(column)).collect();
            let places = [("group", group.join(", ")), ("position", quoted(last))];
            let places: Vec<_> = places.iter().map(|(place, name)| (*place, name.as_str())).collect();
            let means = format!("{last} does not count from 1 without gaps");
            let name = format!("gaps_in_{last}");
            checks.push(CheckQuery::critical(table, &name, means, &self.consecutive, &places).about(RuleOf::Gaps));
        }
    }

    fn relationship(&self, table: &Table, column: &Column, relationship: &Relationship, to: &Table) -> CheckQuery {
        let file = if relationship.none.is_some() { &self.relationship_or_none } else { &self.relationship };
        let none = relationship.none.unwrap_or_default().to_string();
        let name = relationship.check_name.clone().unwrap_or_else(|| format!("orphan_{}s", column.name));
        let means = format!("{} has no row in {}", column.name, relationship.to);
        let places = [
            ("key", key(table)),
            ("column", quoted(&column.name)),
            ("to", quoted(to.sql_name())),
            ("field", quoted(&relationship.field)),
            ("none", none),
        ];
        let places: Vec<_> = places.iter().map(|(place, name)| (*place, name.as_str())).collect();
        let mut check = CheckQuery::critical(table, &name, means, file, &places).in_statement();
        check.reads.push(relationship.to.clone());
        check.expect(&relationship.expect).about(RuleOf::Reference {
            column: column.name.clone(),
            to: relationship.to.clone(),
            field: relationship.field.clone(),
            none: relationship.none,
        })
    }

    fn same_name(
        &self,
        table: &Table,
        column: &Column,
        relationship: &Relationship,
        to: &Table,
        beside: &str,
    ) -> CheckQuery {
        let places = [
            ("column", quoted(&column.name)),
            ("name", quoted(beside)),
            ("to", quoted(to.sql_name())),
            ("field", quoted(&relationship.field)),
        ];
        let places: Vec<_> = places.iter().map(|(place, name)| (*place, name.as_str())).collect();
        let means = format!("{beside} is not the name of {} in {}", column.name, relationship.to);
        let name = format!("{}_of_another_name", column.name);
        let mut check = CheckQuery::critical(table, &name, means, &self.same_name, &places);
        check.reads.push(relationship.to.clone());
        check.expect(&relationship.name_expect).about(RuleOf::SameName {
            column: column.name.clone(),
            name: beside.to_owned(),
            to: relationship.to.clone(),
            field: relationship.field.clone(),
        })
    }
}

/// The columns that name a row of the table.
fn key(table: &Table) -> String {
    let columns: Vec<_> = match table.key.is_empty() {
        false => table.key.iter().map(|column| quoted(column)).collect(),
        true => table.columns.iter().take(COLUMNS_SHOWN).map(|column| quoted(&column.name)).collect(),
    };
    columns.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_checks_is_about_a_table_of_the_contract() {
        let contract = Contract::load().expect("sql/contract.yml is right");
        let files = SqlFile::folder("checks").expect("can be read");
        let checks = checks(&contract).expect("can be made");
        for file in files {
            assert!(checks.iter().any(|check| check.name == file.name), "{} is of no table", file.path);
        }
    }
}
