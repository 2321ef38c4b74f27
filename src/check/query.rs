use anyhow::Context;

use super::{Finding, Kind};
use crate::contract::{Contract, Severity, Table};
use crate::sql::{Engine, SqlFile, quoted};

/// A check that is a query: each row it gives breaks it.
#[derive(Clone, Debug)]
pub struct CheckQuery {
    pub name: String,
    pub kind: Kind,
    pub severity: Severity,
    /// How bad more than `max_share` is.
    pub severity_beyond: Severity,
    /// Up to which share of the table's rows it may be broken, because upstream is known to.
    pub max_share: Option<f64>,
    /// What it means, and where the bound comes from.
    pub means: String,
    /// The table whose rows the share is of.
    pub of: String,
    /// All tables it reads; where one is missing that may be, the check is left out.
    pub reads: Vec<String>,
    /// Whether it is in `sql/sanity_report_active_v1.sql`, as far as its table is published.
    pub in_statement: bool,
    pub(super) origin: String,
    pub(super) query: String,
}

impl CheckQuery {
    /// A check of a table that must give no row. `name` stands behind the table's in reports.
    pub fn critical(table: &Table, name: &str, means: String, file: &SqlFile, places: &[(&str, &str)]) -> Self {
        let sql_name = quoted(table.sql_name());
        let mut all = vec![("table", sql_name.as_str())];
        all.extend(places);
        CheckQuery {
            name: format!("{}.{name}", table.report_name()),
            kind: Kind::Regression,
            severity: Severity::Critical,
            severity_beyond: Severity::Critical,
            max_share: None,
            means,
            of: table.name.clone(),
            reads: vec![table.name.clone()],
            in_statement: false,
            origin: format!("{} for {}", file.path, table.name),
            query: file.with(&all),
        }
    }

    /// The same, of something that upstream is known to break: up to a share it is no more than worth knowing.
    pub fn known_upstream(mut self, max_share: Option<f64>, severity_beyond: Severity, why: &str) -> Self {
        self.kind = Kind::UpstreamAnomaly;
        self.severity = Severity::Info;
        self.severity_beyond = severity_beyond;
        self.max_share = max_share;
        self.means = format!("{}. {why}", self.means);
        self
    }

    /// The same check, in the statement that people paste into a client.
    pub fn in_statement(mut self) -> Self {
        self.in_statement = true;
        self
    }

    /// The check in a file of `sql/checks`.
    pub fn of_file(file: SqlFile, contract: &Contract) -> anyhow::Result<Self> {
        let header = |name| file.header(name).with_context(|| format!("{} has no line -- {name}:", file.path));
        let severity = severity(header("severity")?).with_context(|| file.path.clone())?;
        let beyond = file.header("severity_beyond").map(self::severity).transpose();
        let max_share = file.header("max_share").map(str::parse).transpose();
        let reads = contract.tables.iter().filter(|table| file.names_any(&[table.sql_name()]));
        Ok(CheckQuery {
            name: file.name.clone(),
            kind: if file.header("max_share").is_some() { Kind::UpstreamAnomaly } else { Kind::Regression },
            severity,
            severity_beyond: beyond.with_context(|| file.path.clone())?.unwrap_or(severity.min(Severity::Warn)),
            max_share: max_share.with_context(|| format!("{}: max_share is not a number", file.path))?,
            means: format!("{} {}", header("means")?, header("advice")?),
            of: contract.table(header("of")?)?.name.clone(),
            reads: reads.map(|table| table.name.clone()).collect(),
            in_statement: file.header("statement") != Some("no"),
            origin: file.path.clone(),
            query: file.text,
        })
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
        Ok(Finding {
            check_name: self.name.clone(),
            kind: self.kind,
            // What is known upstream is worth more once there is more of it than was known.
            severity: if within { self.severity } else { self.severity_beyond },
            value: broken,
            ok: within,
            details: self.details(broken, rows),
            sample,
        })
    }

    fn bound(&self, broken: u64, rows: u64, complete: bool) -> bool {
        match self.max_share {
            _ if broken == 0 => true,
            // In a sample upstream's flaws have any share; ids that went astray have a large one there too.
            Some(_) if !complete && self.severity_beyond != Severity::Critical => true,
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

/// A handful is no share: in a small month one row is more than any.
pub(super) const HANDFUL: u64 = 5;

/// Whether a count is within a share of the rows. A share of zero allows none.
pub(super) fn within_share(count: u64, rows: u64, max_share: f64) -> bool {
    count as f64 <= rows as f64 * max_share || (max_share > 0.0 && count <= HANDFUL)
}

fn severity(word: &str) -> anyhow::Result<Severity> {
    Ok(match word {
        "critical" => Severity::Critical,
        "warn" => Severity::Warn,
        "info" => Severity::Info,
        other => anyhow::bail!("{other} is not a severity"),
    })
}

/// The one number that a counting query gives.
pub(super) fn number(rows: &[Vec<Option<String>>]) -> Option<u64> {
    rows.first()?.first()?.as_deref()?.parse().ok()
}
