//! The definition of a gold table: the header of its file in `sql/gold`, its query and its checks.

use anyhow::Context;
use lake_catalog::{PartitionBy, PrimitiveType, SortBy, TableName};

use crate::sql::SqlFile;
use crate::tables::iceberg::data_type;

/// The namespace of gold tables.
const NAMESPACE: &str = "gold";

/// The effect of a build on the rows of earlier builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Replaces them all.
    Replace,
    /// Replaces those of the same month; the column `dump_month` tells months apart.
    Month,
}

/// A column of a gold table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type in Iceberg.
    pub data_type: PrimitiveType,
    /// The type in SQL, as the header has it.
    pub sql_type: String,
    /// The description.
    pub description: String,
}

/// A gold table.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name.
    pub name: TableName,
    /// The meaning of a row.
    pub about: String,
    /// The effect of a build on the rows of earlier builds.
    pub mode: Mode,
    /// The columns of the key.
    pub key: Vec<String>,
    /// The partitions.
    pub partition: Vec<PartitionBy>,
    /// The order of rows.
    pub sort: Vec<SortBy>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The tables that the query reads.
    pub reads: Vec<String>,
    /// The column by whose ranges DuckDB runs the query, in slices: the first of the order of rows, on which the query joins
    /// and groups every table that has it.
    pub slice: Option<String>,
    /// The query.
    pub query: SqlFile,
    /// The rules that its rows follow, `sql/gold/checks/<table>.<rule>.sql`: queries of the rows that break them.
    pub checks: Vec<SqlFile>,
}

impl Definition {
    /// Returns all gold tables, by name.
    ///
    /// # Errors
    /// Fails if a header lacks a part or has an unknown word.
    pub fn all() -> anyhow::Result<Vec<Self>> {
        let checks = SqlFile::folder("gold/checks")?;
        SqlFile::folder("gold")?.into_iter().map(|file| Definition::of(file, &checks)).collect()
    }

    fn of(query: SqlFile, checks: &[SqlFile]) -> anyhow::Result<Self> {
        let part = |name: &str| query.header(name).with_context(|| format!("{}: the header lacks {name}", query.path));
        let names = |name: &str| query.header_names(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mode = match part("mode")? {
            "replace" => Mode::Replace,
            "month" => Mode::Month,
            other => anyhow::bail!("{}: expected mode replace or month, found {other}", query.path),
        };
        let of_table = format!("{}.", query.name);
        part("key")?;
        part("reads")?;
        Ok(Definition {
            name: TableName::new(NAMESPACE, &query.name),
            about: part("about")?.to_owned(),
            mode,
            key: names("key"),
            partition: parsed(&query, "partition")?,
            sort: parsed(&query, "sort")?,
            columns: columns(&query)?,
            reads: names("reads"),
            slice: query.header("slice").map(str::to_owned),
            checks: checks.iter().filter(|check| check.name.starts_with(&of_table)).cloned().collect(),
            query,
        })
    }

    /// Returns the comment behind the header: how the rows are made.
    pub fn logic(&self) -> String {
        let comment = self.query.text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim);
        comment.skip_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
    }
}

fn parsed<T: std::str::FromStr<Err = String>>(query: &SqlFile, name: &str) -> anyhow::Result<Vec<T>> {
    let values = query.header_names(name).into_iter().map(str::parse);
    values.collect::<Result<_, _>>().map_err(|error| anyhow::anyhow!("{}, {name}: {error}", query.path))
}

/// Returns the columns: the lines `-- column NAME TYPE: description`.
fn columns(query: &SqlFile) -> anyhow::Result<Vec<Column>> {
    let lines = query.text.lines().filter_map(|line| line.strip_prefix("-- column "));
    let column = |line: &str| {
        let (declared, description) = line.split_once(": ")?;
        let (name, sql_type) = declared.split_once(' ')?;
        let data_type = data_type(sql_type).ok()?;
        let (name, description) = (name.to_owned(), description.to_owned());
        Some(Column { name, data_type, sql_type: sql_type.to_owned(), description })
    };
    lines
        .map(|line| {
            column(line).with_context(|| format!("{}: expected NAME TYPE: description, found {line}", query.path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_names_columns_that_it_has_and_has_a_check() {
        let all = Definition::all().expect("headers");
        assert!(!all.is_empty());
        for table in &all {
            let has = |name: &String| table.columns.iter().any(|column| column.name == *name);
            let sorted = table.sort.iter().map(|sort| &sort.column);
            let partitioned = table.partition.iter().map(|partition| &partition.column);
            for name in table.key.iter().chain(sorted).chain(partitioned) {
                assert!(has(name), "{}: {name}", table.name);
            }
            assert_eq!(table.mode == Mode::Month, !table.partition.is_empty(), "{}", table.name);
            if let Some(slice) = &table.slice {
                assert_eq!(table.sort.first().map(|sort| &sort.column), Some(slice), "{}: rows in order", table.name);
            }
            assert!(!table.checks.is_empty(), "{} has no check", table.name);
            assert!(!table.logic().is_empty(), "{} does not say how its rows are made", table.name);
        }
        let checks = SqlFile::folder("gold/checks").expect("checks");
        assert_eq!(checks.len(), all.iter().map(|table| table.checks.len()).sum::<usize>(), "a check of no table");
    }
}
