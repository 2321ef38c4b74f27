//! Checks that are queries, and how a count of broken rows becomes a finding.

use anyhow::Context;

use super::scan::{Derivation, Readable, RuleOf};
use super::{Finding, Kind};
use crate::contract::{Contract, Expectation, Severity, Table};
use crate::sql::{Engine, SqlFile, quoted};

/// A check that is a query: each row of its result breaks the rule.
#[derive(Clone, Debug)]
pub struct CheckQuery {
    /// The name of the check in reports.
    pub name: String,
    /// The expectation for the number of rows.
    pub expect: Expectation,
    /// The meaning of a broken row, and the source of the bound.
    pub means: String,
    /// The table whose rows the share refers to.
    pub of: String,
    /// The tables it reads; the check is skipped if one of them is missing.
    pub reads: Vec<String>,
    /// Whether `sql/sanity_report_active_v1.sql` contains the check, if its table is published.
    pub in_statement: bool,
    /// What the check is about, if one pass over the files can answer it.
    pub rule: Option<RuleOf>,
    /// What helps if the check fails; part of `means` for the checks of sql/checks.
    advice: Option<String>,
    pub(super) origin: String,
    pub(super) query: String,
}

impl CheckQuery {
    /// Returns a check that no row of a table may break. In reports its name is `<table>.<name>`.
    pub fn critical(table: &Table, name: &str, means: String, file: &SqlFile, places: &[(&str, &str)]) -> Self {
        let sql_name = quoted(table.sql_name());
        let mut all = vec![("table", sql_name.as_str())];
        all.extend(places);
        CheckQuery {
            name: format!("{}.{name}", table.report_name()),
            expect: Expectation::critical(),
            means,
            of: table.name.clone(),
            reads: vec![table.name.clone()],
            in_statement: false,
            rule: None,
            advice: Some(format!("run {} again in a new run", table.producer)),
            origin: format!("{} for {}", file.path, table.name),
            query: file.with(&all),
        }
    }

    /// Replaces the expectation; its reason is added to the meaning.
    pub fn expect(mut self, expectation: &Expectation) -> Self {
        if let Some(why) = &expectation.why {
            self.means = format!("{}. {why}", self.means);
        }
        self.expect = expectation.clone();
        self
    }

    /// States what the check is about, for the pass over the files.
    pub fn about(mut self, rule: RuleOf) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Adds the check to the statement that people paste into a client.
    pub fn in_statement(mut self) -> Self {
        self.in_statement = true;
        self
    }

    /// Returns the check in a file of `sql/checks`.
    ///
    /// # Errors
    /// Fails if a header is missing or has an unknown value.
    pub fn of_file(mut file: SqlFile, contract: &Contract) -> anyhow::Result<Self> {
        let rule = rule_of(&file)?;
        if let Some(RuleOf::Joined { pieces: Some(pieces), .. }) = &rule {
            file.text = file.with(&[("pieces", &pieces.text)]);
        }
        let header = |name| file.header(name).with_context(|| format!("{} has no line -- {name}:", file.path));
        let expect = || -> anyhow::Result<Expectation> {
            let max_share =
                file.header("max_share").map(str::parse).transpose().context("max_share is not a number")?;
            let beyond = file.header("beyond").map(severity).transpose()?;
            let expect = Expectation { severity: severity(header("severity")?)?, max_share, beyond, why: None };
            expect.validated()
        };
        let reads = contract.tables.iter().filter(|table| file.names_any(&[table.sql_name()]));
        Ok(CheckQuery {
            name: file.name.clone(),
            expect: expect().with_context(|| file.path.clone())?,
            means: format!("{} {}", header("means")?, header("advice")?),
            of: contract.table(header("of")?)?.name.clone(),
            reads: reads.map(|table| table.name.clone()).collect(),
            in_statement: file.header("statement") != Some("no"),
            rule,
            advice: None,
            origin: file.path.clone(),
            query: file.text,
        })
    }

    /// Runs the check. `rows` is the number of rows of its table; `complete` says whether bounds hold. `counted` is the
    /// number of rows that break it, if the pass over the files has counted them.
    ///
    /// # Errors
    /// Fails if the engine cannot run the query.
    pub fn run(&self, engine: &dyn Engine, rows: u64, complete: bool, counted: Option<u64>) -> anyhow::Result<Finding> {
        let broken = match counted {
            Some(broken) => broken,
            None => {
                let count = self.wrapped("count", &[])?;
                number(&engine.rows(&count, &self.origin)?).with_context(|| self.origin.clone())?
            }
        };
        let sample = if broken > 0 { self.sample(engine)? } else { Vec::new() };
        let verdict = self.expect.judge(broken, rows, complete);
        Ok(Finding {
            check_name: self.name.clone(),
            kind: if self.expect.is_known_upstream() { Kind::UpstreamAnomaly } else { Kind::Regression },
            severity: verdict.severity,
            value: broken,
            ok: verdict.ok,
            details: self.details(broken, rows, verdict.ok),
            sample,
        })
    }

    /// Returns a few of the broken rows, in the order of all their columns: a partial order would leave the engine a
    /// choice among rows that agree in it.
    fn sample(&self, engine: &dyn Engine) -> anyhow::Result<Vec<String>> {
        let columns = engine.columns(&self.wrapped("columns", &[])?, &self.origin)?.len();
        let positions = (1..=columns).map(|position| position.to_string()).collect::<Vec<_>>().join(", ");
        let rows = engine.rows(&self.wrapped("sample", &[("positions", &positions)])?, &self.origin)?;
        let text = |row: Vec<Option<String>>| {
            let cells = row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()));
            cells.collect::<Vec<_>>().join(", ")
        };
        Ok(rows.into_iter().map(text).collect())
    }

    /// Returns the statement of `sql/checks/generic/<name>.sql` around the check's query.
    fn wrapped(&self, name: &str, places: &[(&str, &str)]) -> anyhow::Result<String> {
        let file = SqlFile::load(&format!("checks/generic/{name}"))?;
        Ok(file.with(&[places, &[("query", self.query.as_str())]].concat()))
    }

    fn details(&self, broken: u64, rows: u64, ok: bool) -> String {
        let share = if rows == 0 { 0.0 } else { broken as f64 / rows as f64 * 100.0 };
        let known = self.expect.max_share;
        let known = known.map(|share| format!("; up to {:.3} % are known", share * 100.0)).unwrap_or_default();
        let details = format!("{broken} of {rows} rows ({share:.3} %){known}: {}", self.means);
        match (&self.advice, self.expect.is_known_upstream()) {
            (Some(_), true) if !ok => format!(
                "{details} More than known: compare a few rows with the dump; if upstream changed, raise max_share in \
                 sql/contract.yml."
            ),
            (Some(advice), false) if !ok => format!("{details}; none may: {advice}"),
            _ => details,
        }
    }
}

/// The separator of texts that are joined of pieces.
const SEPARATOR: &str = "; ";

/// Reads what a check is about from its header: `joined: <column>` with `from: <table>` and the query of the pieces in
/// sql/checks/pieces, `contained: <column> in <table>.<column>`, `same_set: <column> as <table>.<column>`, `null: <column>`,
/// `lower: <column> of <column>`, `read: <column> from <column> as <number, duration or year>`, or `derived: <table>`.
fn rule_of(file: &SqlFile) -> anyhow::Result<Option<RuleOf>> {
    if let Some(table) = file.header("derived") {
        let derivation = Derivation::of(table);
        let derivation = derivation.with_context(|| format!("{}: no derivation of {table}", file.path))?;
        return Ok(Some(RuleOf::Derived(derivation)));
    }
    if let Some(column) = file.header("null") {
        return Ok(Some(RuleOf::NotNull { column: column.to_owned() }));
    }
    if let Some((column, text)) = file.header("lower").and_then(|text| text.split_once(" of ")) {
        return Ok(Some(RuleOf::Lower { column: column.to_owned(), text: text.to_owned() }));
    }
    if let Some(read) = file.header("read") {
        let parts = read.split_once(" from ").and_then(|(column, rest)| Some((column, rest.split_once(" as ")?)));
        let parts = parts.and_then(|(column, (text, kind))| Some((column, text, Readable::named(kind)?)));
        let (column, text, readable) =
            parts.with_context(|| format!("{}: read: {read} is not understood", file.path))?;
        return Ok(Some(RuleOf::Read { column: column.to_owned(), text: text.to_owned(), readable }));
    }
    if let Some(column) = file.header("joined") {
        let from = file.header("from").with_context(|| format!("{} has no line -- from:", file.path))?;
        return Ok(Some(RuleOf::Joined {
            column: column.to_owned(),
            from: from.to_owned(),
            separator: SEPARATOR.to_owned(),
            pieces: Some(SqlFile::load(&format!("checks/pieces/{column}"))?),
        }));
    }
    let parsed = |header: &str, word: &str| -> anyhow::Result<Option<(String, String, String)>> {
        let Some(text) = file.header(header) else { return Ok(None) };
        let parts = text.split_once(word).and_then(|(column, of)| Some((column, of.split_once('.')?)));
        let (column, (to, of)) = parts.with_context(|| format!("{}: {header}: {text} is not understood", file.path))?;
        Ok(Some((column.to_owned(), to.to_owned(), of.to_owned())))
    };
    if let Some((column, to, of)) = parsed("contained", " in ")? {
        return Ok(Some(RuleOf::Contained { column, to, of }));
    }
    Ok(parsed("same_set", " as ")?.map(|(column, to, of)| RuleOf::SameSet { column, to, of }))
}

fn severity(word: &str) -> anyhow::Result<Severity> {
    Ok(match word {
        "critical" => Severity::Critical,
        "warn" => Severity::Warn,
        "info" => Severity::Info,
        other => anyhow::bail!("{other} is not a severity"),
    })
}

/// Returns the number in the only cell of a counting query.
pub(super) fn number(rows: &[Vec<Option<String>>]) -> Option<u64> {
    rows.first()?.first()?.as_deref()?.parse().ok()
}
