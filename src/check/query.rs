use anyhow::Context;

use super::suite::within_share;
use super::{Finding, Kind};
use crate::sql::{Engine, SqlFile, quoted};
use crate::table::{Column, Contract, Relationship, Severity, Table};

/// A check that is a query: each row it gives breaks it.
pub struct CheckQuery {
    pub name: String,
    pub kind: Kind,
    pub severity: Severity,
    /// Up to which share of the table's rows it may be broken, because upstream is known to.
    pub max_share: Option<f64>,
    /// What it means, and where the bound comes from.
    pub means: String,
    /// The table whose rows the share is of.
    pub of: String,
    /// All tables it reads; where one is missing that may be, the check is left out.
    pub reads: Vec<String>,
    origin: String,
    query: String,
}

/// Keys shown for a table that has none.
const COLUMNS_SHOWN: usize = 3;

impl CheckQuery {
    pub fn not_null(table: &Table, column: &Column) -> anyhow::Result<Self> {
        let file = SqlFile::load("checks/generic/not_null")?;
        let query =
            file.with(&[("key", &key(table)), ("table", &quoted(&table.name)), ("column", &quoted(&column.name))]);
        Ok(CheckQuery::critical(
            table,
            format!("null_{}", column.name),
            format!("{} is NULL", column.name),
            &file,
            query,
        ))
    }

    pub fn unique(table: &Table) -> anyhow::Result<Self> {
        let file = SqlFile::load("checks/generic/unique")?;
        let query = file.with(&[("key", &key(table)), ("table", &quoted(&table.name))]);
        let columns = table.key.join(", ");
        let name = match table.key.as_slice() {
            [column] => format!("duplicate_{column}s"),
            _ => "duplicate_keys".to_owned(),
        };
        Ok(CheckQuery::critical(table, name, format!("the same {columns} stands more than once"), &file, query))
    }

    pub fn relationship(table: &Table, column: &Column, relationship: &Relationship) -> anyhow::Result<Self> {
        let file = SqlFile::load(match relationship.none {
            Some(_) => "checks/generic/relationship_or_none",
            None => "checks/generic/relationship",
        })?;
        let none = relationship.none.unwrap_or_default().to_string();
        let query = file.with(&[
            ("key", &key(table)),
            ("table", &quoted(&table.name)),
            ("column", &quoted(&column.name)),
            ("to", &quoted(&relationship.to)),
            ("field", &quoted(&relationship.field)),
            ("none", &none),
        ]);
        let name = relationship.check_name.clone().unwrap_or_else(|| format!("orphan_{}s", column.name));
        let means = format!("{} has no row in {}", column.name, relationship.to);
        let mut check = CheckQuery::critical(table, name, means, &file, query);
        check.severity = relationship.severity;
        check.max_share = relationship.max_share;
        check.reads.push(relationship.to.clone());
        if let Some(why) = &relationship.why {
            check.kind = Kind::UpstreamAnomaly;
            check.means = format!("{}. {why}", check.means);
        }
        Ok(check)
    }

    /// The check in a file of `sql/checks`.
    pub fn of_file(file: SqlFile, contract: &Contract) -> anyhow::Result<Self> {
        let header = |name| file.header(name).with_context(|| format!("{} has no line -- {name}:", file.path));
        let severity = match header("severity")? {
            "critical" => Severity::Critical,
            "warn" => Severity::Warn,
            "info" => Severity::Info,
            other => anyhow::bail!("{}: {other} is not a severity", file.path),
        };
        let max_share = file.header("max_share").map(str::parse).transpose();
        let tables = contract.tables.iter().map(|table| &table.name);
        Ok(CheckQuery {
            name: file.name.clone(),
            kind: if file.header("max_share").is_some() { Kind::UpstreamAnomaly } else { Kind::Regression },
            severity,
            max_share: max_share.with_context(|| format!("{}: max_share is not a number", file.path))?,
            means: format!("{} {}", header("means")?, header("advice")?),
            of: contract.table(header("of")?)?.name.clone(),
            reads: tables.filter(|table| file.text.contains(table.as_str())).cloned().collect(),
            origin: file.path.clone(),
            query: file.text,
        })
    }

    fn critical(table: &Table, name: String, means: String, file: &SqlFile, query: String) -> Self {
        CheckQuery {
            name: format!("{}.{name}", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            max_share: None,
            means,
            of: table.name.clone(),
            reads: vec![table.name.clone()],
            origin: format!("{} for {}", file.path, table.name),
            query,
        }
    }

    /// Runs the check. `rows` is the number of rows of its table; `complete` says whether bounds hold.
    pub fn run(&self, engine: &dyn Engine, rows: u64, complete: bool) -> anyhow::Result<Finding> {
        let wrapped = |name: &str| -> anyhow::Result<String> {
            Ok(SqlFile::load(&format!("checks/generic/{name}"))?.with(&[("query", &self.query)]))
        };
        let broken = number(&engine.rows(&wrapped("count")?, &self.origin)?).with_context(|| self.origin.clone())?;
        let mut sample = Vec::new();
        if broken > 0 {
            for row in engine.rows(&wrapped("sample")?, &self.origin)? {
                let cells = row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()));
                sample.push(cells.collect::<Vec<_>>().join(", "));
            }
        }
        let within = self.bound(broken, rows, complete);
        let severity = match self.severity {
            // What is known upstream is worth a warning once there is more of it than was known.
            Severity::Info if !within => Severity::Warn,
            severity => severity,
        };
        Ok(Finding {
            check_name: self.name.clone(),
            kind: self.kind,
            severity,
            value: broken,
            ok: within,
            details: self.details(broken, rows),
            sample,
        })
    }

    fn bound(&self, broken: u64, rows: u64, complete: bool) -> bool {
        match self.max_share {
            _ if broken == 0 => true,
            Some(_) if !complete => true,
            Some(share) => within_share(broken, rows, share),
            None => self.severity == Severity::Info,
        }
    }

    fn details(&self, broken: u64, rows: u64) -> String {
        let share = if rows == 0 { 0.0 } else { broken as f64 / rows as f64 * 100.0 };
        let known = self.max_share.map(|share| format!("; up to {:.3} % are known", share * 100.0)).unwrap_or_default();
        format!("{broken} of {rows} rows ({share:.3} %){known}: {}", self.means)
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

/// The one number that a counting query gives.
pub(super) fn number(rows: &[Vec<Option<String>>]) -> Option<u64> {
    rows.first()?.first()?.as_deref()?.parse().ok()
}
