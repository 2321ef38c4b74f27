//! Rules that each row keeps or breaks by itself.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use crate::sql::SqlFile;

use super::derived::Derivation;
use super::normal::{Readable, is_lower};
use super::references::{Referenced, References, hash_of_name};

/// What a declared check is about, so that the pass can answer it.
#[derive(Clone, Debug)]
pub enum RuleOf {
    NotNull {
        column: String,
    },
    AcceptedValues {
        column: String,
        values: Vec<String>,
    },
    Reference {
        column: String,
        to: String,
        field: String,
        none: Option<i64>,
    },
    SameName {
        column: String,
        name: String,
        to: String,
        field: String,
    },
    Unique,
    Gaps,
    /// A text is a column of another table joined, or the pieces that a query makes of that table.
    Joined {
        column: String,
        from: String,
        separator: String,
        pieces: Option<SqlFile>,
    },
    /// Each pair of the first key column and `column` is a pair of the first key column and `of` in another table.
    Contained {
        column: String,
        to: String,
        of: String,
    },
    /// `column` is `text` in lower case.
    Lower {
        column: String,
        text: String,
    },
    /// `column` is the number that is read out of `text`.
    Read {
        column: String,
        text: String,
        readable: Readable,
    },
    /// The table holds the rows that its sources give.
    Derived(Derivation),
    /// For each value of the first key column, `column` has the same values as `of` in another table.
    SameSet {
        column: String,
        to: String,
        of: String,
    },
}

/// A rule with what it needs to judge a row.
pub enum Rule<'r> {
    NotNull { column: &'r str },
    AcceptedValues { column: &'r str, values: HashSet<&'r str> },
    Reference { column: &'r str, to: &'r Referenced, none: Option<i64> },
    SameName { column: &'r str, name: &'r str, to: &'r Referenced },
    Lower { column: &'r str, text: &'r str },
    Read { column: &'r str, text: &'r str, readable: Readable },
}

impl<'r> Rule<'r> {
    /// Returns `None` if the pass cannot judge the rule row by row.
    pub fn of(rule: &'r RuleOf, references: &'r References) -> Option<Self> {
        Some(match rule {
            RuleOf::NotNull { column } => Rule::NotNull { column },
            RuleOf::AcceptedValues { column, values } => {
                Rule::AcceptedValues { column, values: values.iter().map(String::as_str).collect() }
            }
            RuleOf::Reference { column, to, field, none } => {
                Rule::Reference { column, to: references.get(to, field)?, none: *none }
            }
            RuleOf::SameName { column, name, to, field } => {
                Rule::SameName { column, name, to: references.get(to, field)? }
            }
            RuleOf::Lower { column, text } => Rule::Lower { column, text },
            RuleOf::Read { column, text, readable } => Rule::Read { column, text, readable: *readable },
            RuleOf::Unique
            | RuleOf::Gaps
            | RuleOf::Derived(_)
            | RuleOf::Joined { .. }
            | RuleOf::Contained { .. }
            | RuleOf::SameSet { .. } => return None,
        })
    }

    /// Counts the rows of a batch that break the rule; `None` if a column is not of the expected type, or if a text is in
    /// another case than expected: an engine may know more characters.
    fn broken(&self, batch: &RecordBatch) -> Option<u64> {
        match self {
            Rule::NotNull { column } => Some(batch.column_by_name(column)?.null_count() as u64),
            Rule::AcceptedValues { column, values } => {
                let texts = batch.column_by_name(column)?.as_string_opt::<i32>()?;
                Some(texts.iter().flatten().filter(|text| !values.contains(text)).count() as u64)
            }
            Rule::Reference { column, to, none } => {
                let ids = batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
                // Rows of one record stand together and refer to the same id.
                let (mut last, mut last_is_broken) = (i64::MIN, true);
                let mut broken = 0;
                for id in ids.iter().flatten().filter(|id| Some(*id) != *none) {
                    if id != last {
                        (last, last_is_broken) = (id, !to.ids.contains(id));
                    }
                    broken += u64::from(last_is_broken);
                }
                Some(broken)
            }
            Rule::SameName { column, name, to } => {
                let ids = batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
                let names = batch.column_by_name(name)?.as_string_opt::<i32>()?;
                let pairs = ids.iter().zip(names).filter_map(|(id, name)| Some((to.name(id?)?, name?)));
                Some(pairs.filter(|(hash, name)| *hash != hash_of_name(name)).count() as u64)
            }
            Rule::Lower { column, text } => {
                let lower = batch.column_by_name(column)?.as_string_opt::<i32>()?;
                let texts = batch.column_by_name(text)?.as_string_opt::<i32>()?;
                let agree = lower.iter().zip(texts).all(|pair| match pair {
                    (Some(lower), Some(text)) => is_lower(lower, text),
                    _ => true,
                });
                agree.then_some(0)
            }
            Rule::Read { column, text, readable } => {
                let numbers = integers(batch.column_by_name(column)?)?;
                let texts = batch.column_by_name(text)?.as_string_opt::<i32>()?;
                let pairs = numbers.zip(texts.iter());
                Some(pairs.filter(|(number, text)| *number != text.and_then(|text| readable.read(text))).count() as u64)
            }
        }
    }
}

/// Returns the values of a column of integers of either width.
fn integers(column: &ArrayRef) -> Option<Box<dyn Iterator<Item = Option<i64>> + '_>> {
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        return Some(Box::new(numbers.iter()));
    }
    let numbers = column.as_primitive_opt::<Int32Type>()?;
    Some(Box::new(numbers.iter().map(|number| number.map(i64::from))))
}

/// A rule and the rows that broke it so far.
pub struct RuleCount<'r> {
    check: &'r str,
    rule: Rule<'r>,
    /// `None` once the rule could not be judged.
    broken: Option<u64>,
}

impl<'r> RuleCount<'r> {
    /// Returns a counter of the rows that break a rule.
    pub fn new(check: &'r str, rule: Rule<'r>) -> Self {
        RuleCount { check, rule, broken: Some(0) }
    }

    /// Counts the rows of a batch.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.broken = self.broken.and_then(|broken| Some(broken + self.rule.broken(batch)?));
    }

    /// Returns the name of the check and the rows that break it, if the rule could be judged.
    pub fn finish(self) -> Option<(String, u64)> {
        Some((self.check.to_owned(), self.broken?))
    }
}
