//! The steps from the rows of a source to values and reasons, as views in DuckDB that the last step stores once.
//!
//! ```text
//! source rows ─▶ texts 0 ─▶ texts 1 … ─▶ typed rows ─▶ work.raw
//! as they came   by column  trimmed, …   values        with the reasons for which a column rejects the row
//! ```

use lake_catalog::PrimitiveType;

use super::declaration::{Column, Declaration, Text};
use super::layout::{SourceColumn, order};
use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::own::types;
use crate::sql::statement::{number, piece, run};
use crate::sql::{DuckDb, quoted, text_literal};
use crate::tables::mount_table;
use digdag_task::Failure;

/// The columns of a refinement, resolved against the source.
pub struct Steps<'s> {
    pub engine: &'s DuckDb,
    pub declaration: &'s Declaration,
    /// The source's columns.
    pub source: &'s [SourceColumn],
}

/// Rows that were checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// All rows.
    pub rows: u64,
    /// Those that a column rejects.
    pub rejected: u64,
    /// Those that have the same values as another in the columns of `dedupe.keys`.
    pub repeated: u64,
}

/// Returns the name of the column with the text of a declared column.
fn text_of(column: &Column) -> String {
    quoted(&format!("{} text", column.name))
}

/// Returns the name of the column with the reason for which a declared column rejects a row.
pub fn reason_of(column: &Column) -> String {
    quoted(&format!("{} reason", column.name))
}

fn named(value: &str, name: &str) -> anyhow::Result<String> {
    piece("refine/pieces/named", &[("value", value), ("name", name)])
}

fn literals(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|Text(text)| text_literal(text)).collect()
}

impl Steps<'_> {
    /// Stores the checked rows of the view `source rows`: those that no column rejects as `work.raw`, the others as
    /// `work.failed`. `columns` are those of the refined table.
    ///
    /// # Errors
    /// Fails if a table of the catalogue is missing, or with DuckDB's error.
    pub fn check(&self, columns: &[(String, PrimitiveType)]) -> anyhow::Result<Checked> {
        let texts = self.clean()?;
        let values = self.each(|column| named(&self.value(column)?, &quoted(&column.name)))?;
        run(self.engine, "refine/typed", &[("columns", &values), ("from", &texts)])?;
        let joins = self.join_known()?;
        let typed = columns.iter().map(|(name, _)| Ok(format!("typed.{}", quoted(name))));
        let reasons = self.declaration.columns.iter().map(|column| self.reason(column));
        let stored = typed.chain(reasons).collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        run(self.engine, "refine/checked", &[("columns", &stored), ("joins", &joins)])?;
        let rows = number(self.engine, "refine/count", &[("table", "work.raw")])?;
        let reasons: Vec<_> = self.declaration.columns.iter().map(reason_of).collect();
        let reasons = reasons.join(", ");
        run(self.engine, "refine/failed", &[("reasons", &reasons)])?;
        let rejected = number(self.engine, "refine/count", &[("table", "work.failed")])?;
        if rejected > 0 {
            run(self.engine, "refine/only_passed", &[("reasons", &reasons)])?;
        }
        self.deduplicate()?;
        let left = number(self.engine, "refine/count", &[("table", "work.raw")])?;
        Ok(Checked { rows, rejected, repeated: rows - rejected - left })
    }

    /// Leaves one row of those that have the same values in the columns of `dedupe.keys`, unless these are the key's.
    fn deduplicate(&self) -> anyhow::Result<()> {
        let keys = &self.declaration.dedupe.keys;
        if keys.is_empty() || *keys == self.declaration.key {
            return Ok(());
        }
        let keys: Vec<_> = keys.iter().map(|key| quoted(key)).collect();
        let given = keys
            .iter()
            .map(|key| piece("refine/pieces/is_given", &[("column", key)]))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let order = order(self.declaration);
        let order = order.iter().map(|column| piece("own/pieces/order_key", &[("column", &quoted(column))]));
        let order = order.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        let order = piece("own/pieces/order_of_rows", &[("columns", &order)])?;
        let places = [("keys", keys.join(", ")), ("all_given", given.join(" AND ")), ("order", order)];
        run(self.engine, "refine/deduplicated", &places.each_ref().map(|(place, value)| (*place, value.as_str())))
    }

    fn each(&self, piece: impl Fn(&Column) -> anyhow::Result<String>) -> anyhow::Result<String> {
        Ok(self.declaration.columns.iter().map(piece).collect::<anyhow::Result<Vec<_>>>()?.join(", "))
    }

    /// Returns the name, in the refined table, of the source's column that a declared column is made of.
    fn source_of(&self, column: &Column) -> Option<String> {
        let found = self.source.iter().find(|found| found.source == column.source());
        let found = found.or_else(|| self.source.iter().find(|it| it.source.eq_ignore_ascii_case(column.source())));
        found.map(|found| quoted(&found.name))
    }

    /// Returns the text of a declared column as it came.
    pub fn text(&self, column: &Column) -> anyhow::Result<String> {
        let Some(source) = self.source_of(column) else { return piece("refine/pieces/missing", &[]) };
        match &column.path {
            None => piece("refine/pieces/text", &[("column", &source)]),
            Some(path) if path.contains("[*]") => {
                let (path, join) = (text_literal(path), text_literal(column.join.as_deref().unwrap_or(", ")));
                piece("refine/pieces/json_list", &[("column", &source), ("path", &path), ("join", &join)])
            }
            Some(path) => piece("refine/pieces/json", &[("column", &source), ("path", &text_literal(path))]),
        }
    }

    /// Creates the views of the texts, each a step of their cleaning, and returns the name of the last.
    fn clean(&self) -> anyhow::Result<String> {
        let texts = self.each(|column| named(&self.text(column)?, &text_of(column)))?;
        run(self.engine, "refine/texts", &[("columns", &texts)])?;
        let (mut view, mut number) = (quoted("texts 0"), 0);
        let steps = [Steps::trimmed, Steps::with_words, Steps::mapped, Steps::stripped, Steps::in_units];
        for step in steps {
            let mut changed = Vec::new();
            for column in &self.declaration.columns {
                if let Some(text) = step(self, column, &text_of(column))? {
                    changed.push(named(&text, &text_of(column))?);
                }
            }
            if !changed.is_empty() {
                number += 1;
                let next = quoted(&format!("texts {number}"));
                let places = [("name", next.as_str()), ("columns", &changed.join(", ")), ("from", &view)];
                run(self.engine, "refine/next_texts", &places)?;
                view = next;
            }
        }
        Ok(view)
    }

    fn trimmed(&self, column: &Column, text: &str) -> anyhow::Result<Option<String>> {
        column.trim.then(|| piece("refine/pieces/trimmed", &[("column", text)])).transpose()
    }

    fn with_words(&self, column: &Column, text: &str) -> anyhow::Result<Option<String>> {
        let mut words = vec![text_literal("")];
        words.extend(literals(&self.declaration.null_words));
        words.extend(literals(&column.null_words));
        piece("refine/pieces/without_words", &[("column", text), ("words", &words.join(", "))]).map(Some)
    }

    fn mapped(&self, column: &Column, text: &str) -> anyhow::Result<Option<String>> {
        let cases = column.map.iter().map(|(Text(from), Text(to))| {
            piece("refine/pieces/case", &[("text", &text_literal(from)), ("value", &text_literal(to))])
        });
        let cases = cases.collect::<anyhow::Result<Vec<_>>>()?.join(" ");
        let is_mapped = !column.map.is_empty();
        is_mapped.then(|| piece("refine/pieces/mapped", &[("column", text), ("cases", &cases)])).transpose()
    }

    /// Removes the parts of a text, and the spaces that were around them, and writes a number with a point.
    fn stripped(&self, column: &Column, text: &str) -> anyhow::Result<Option<String>> {
        if column.strip.is_empty() && column.decimal_mark.is_none() {
            return Ok(None);
        }
        let mut stripped = text.to_owned();
        for part in literals(&column.strip) {
            stripped =
                piece("refine/pieces/stripped", &[("column", &stripped), ("part", &part), ("by", &text_literal(""))])?;
        }
        if let Some(mark) = column.decimal_mark {
            let mark = text_literal(&mark.to_string());
            stripped =
                piece("refine/pieces/stripped", &[("column", &stripped), ("part", &mark), ("by", &text_literal("."))])?;
        }
        if column.trim {
            piece("refine/pieces/trimmed", &[("column", &stripped)]).map(Some)
        } else {
            Ok(Some(stripped))
        }
    }

    fn in_units(&self, column: &Column, text: &str) -> anyhow::Result<Option<String>> {
        if column.units.is_empty() {
            return Ok(None);
        }
        let cases = column.units.iter().map(|(Text(unit), Text(factor))| {
            piece("refine/pieces/factor", &[("unit", &text_literal(unit)), ("factor", &text_literal(factor))])
        });
        let cases = cases.collect::<anyhow::Result<Vec<_>>>()?.join(" ");
        let units: Vec<_> = column.units.keys().map(|Text(unit)| escaped(unit)).collect();
        // As many digits as DuckDB multiplies without loss.
        let pattern = format!(r"^(-?[0-9]{{1,13}}(\.[0-9]{{1,6}})?)\s*({})$", units.join("|"));
        piece("refine/pieces/in_units", &[("column", text), ("pattern", &text_literal(&pattern)), ("cases", &cases)])
            .map(Some)
    }

    /// Returns the value of a declared column.
    fn value(&self, column: &Column) -> anyhow::Result<String> {
        let (text, sql_type) = (text_of(column), sql_type(column)?);
        match column.formats.is_empty() {
            true => piece("refine/pieces/value", &[("column", &text), ("type", &sql_type)]),
            false => {
                piece("refine/pieces/time", &[("column", &text), ("formats", &formats(column)), ("type", &sql_type)])
            }
        }
    }

    /// Returns the reason for which a declared column rejects a row, or NULL.
    fn reason(&self, column: &Column) -> anyhow::Result<String> {
        let (text, value) = (format!("typed.{}", text_of(column)), format!("typed.{}", quoted(&column.name)));
        let (data_type, sql_type) = (primitive(column)?, sql_type(column)?);
        let type_name = types::name(&data_type);
        let mut cases = Vec::new();
        if let Some(source) = self.source_of(column).filter(|_| column.path.is_some()) {
            cases.push((
                piece("refine/pieces/no_json", &[("column", &format!("typed.{source}"))])?,
                Some("no JSON".to_owned()),
            ));
        }
        let is_required = column.required || self.declaration.key.contains(&column.name);
        // Behind this case, every text is given.
        cases.push((piece("refine/pieces/is_null", &[("column", &text)])?, is_required.then(|| "no value".to_owned())));
        if !column.formats.is_empty() {
            let misfit = piece("refine/pieces/no_time", &[("column", &text), ("formats", &formats(column))])?;
            cases.push((misfit, Some(format!("no {type_name} in the format {}", column.formats.join(" or ")))));
        } else if let Some(misfit) = types::misfit(&text, &data_type)? {
            let units: Vec<_> = column.units.keys().map(|Text(unit)| format!("{unit:?}")).collect();
            let with = if units.is_empty() { String::new() } else { format!(" in a unit of {}", units.join(", ")) };
            cases.push((misfit, Some(format!("no {type_name}{with}"))));
        }
        if !column.accepted.is_empty() {
            let accepted = literals(&column.accepted).join(", ");
            cases.push((
                piece("refine/pieces/not_accepted", &[("column", &text), ("accepted", &accepted)])?,
                Some("not accepted".to_owned()),
            ));
        }
        for (name, bound) in [("below", &column.range.min), ("above", &column.range.max)] {
            let Some(Text(bound)) = bound else { continue };
            let places = [("column", value.as_str()), ("bound", &text_literal(bound)), ("type", &sql_type)];
            cases.push((piece(&format!("refine/pieces/{name}"), &places)?, Some(format!("{name} {bound}"))));
        }
        if let (Some(reference), Some(known)) = (&column.references, self.known(column)) {
            let unknown = piece("refine/pieces/is_null", &[("column", &format!("{known}.known"))])?;
            cases.push((unknown, Some(format!("not in {reference}"))));
        }
        let cases = cases.iter().map(|(condition, reason)| {
            let reason = reason
                .as_ref()
                .map_or_else(|| piece("refine/pieces/missing", &[]), |reason| Ok(text_literal(reason)))?;
            piece("refine/pieces/when", &[("condition", condition), ("reason", &reason)])
        });
        let cases = cases.collect::<anyhow::Result<Vec<_>>>()?.join(" ");
        named(&piece("refine/pieces/reason", &[("cases", &cases)])?, &reason_of(column))
    }

    /// Returns the alias of the table with the known values of a column that refers to the catalogue.
    fn known(&self, column: &Column) -> Option<String> {
        let mut referring = self.declaration.columns.iter().filter(|column| column.references.is_some());
        referring.position(|found| found.name == column.name).map(|index| quoted(&format!("known {index}")))
    }

    /// Stores the values that tables of the catalogue have, and returns the joins with them.
    fn join_known(&self) -> anyhow::Result<String> {
        let mut joins = Vec::new();
        for column in &self.declaration.columns {
            let (Some((table, field)), Some(alias)) = (column.reference(), self.known(column)) else { continue };
            let known = format!("work.{alias}");
            let places = [
                ("known", known.clone()),
                ("table", quoted(table)),
                ("field", quoted(field)),
                ("type", sql_type(column)?),
                ("column", quoted(&column.name)),
            ];
            run(self.engine, "refine/known", &places.each_ref().map(|(place, value)| (*place, value.as_str())))?;
            let value = format!("typed.{}", quoted(&column.name));
            joins.push(piece("refine/pieces/join", &[("known", &known), ("alias", &alias), ("column", &value)])?);
        }
        Ok(joins.join("\n"))
    }
}

/// Mounts the tables of the published run that a declaration refers to. Returns the run, if there is one to refer to.
///
/// # Errors
/// Fails if nothing is published, or if the run lacks a table.
pub fn mount_references(engine: &DuckDb, lake: &Lake, declaration: &Declaration) -> anyhow::Result<Option<RunId>> {
    let mut tables: Vec<_> = declaration.columns.iter().filter_map(|column| Some(column.reference()?.0)).collect();
    tables.sort_unstable();
    tables.dedup();
    if tables.is_empty() {
        return Ok(None);
    }
    let contract = Contract::load()?;
    let id = lake.published()?;
    let run = lake.run(&id)?;
    let named = contract
        .tables
        .iter()
        .filter(|table| tables.contains(&table.name.as_str()) || tables.contains(&table.sql_name()));
    for table in named {
        let dataset = run.dataset(&table.folder())?.ok_or_else(|| {
            Failure::input(format!("run {id} has no table {}, which the declaration refers to", table.name))
                .hint("leave out the reference, or publish a run that has the table")
        })?;
        mount_table(engine, table, &run, &dataset)?;
    }
    Ok(Some(id))
}

fn primitive(column: &Column) -> anyhow::Result<PrimitiveType> {
    column.primitive().map_err(|error| anyhow::anyhow!(error))
}

fn sql_type(column: &Column) -> anyhow::Result<String> {
    Ok(types::sql(&primitive(column)?).unwrap_or_default())
}

fn formats(column: &Column) -> String {
    column.formats.iter().map(|format| text_literal(format)).collect::<Vec<_>>().join(", ")
}

/// Returns a text as a regular expression that matches it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
