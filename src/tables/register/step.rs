//! The changes that make a schema match a plan.

use super::create::create_verified;
use super::definition::{ColumnDefinition, Definition, Kind};
use super::plan::Plan;
use super::schema::{Relation, Schema};
use super::swap;
use crate::parallel::on_threads;
use crate::sql::{quoted, text_literal};
use digdag_task::Failure;

/// The most statements in flight at once; they run in parallel because each one waits for the metastore.
const MAX_IN_FLIGHT: usize = 6;

/// The change that a table or view needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Keep,
    Create,
    /// Replace the view, in one statement.
    ReplaceView,
    /// Add and drop columns in place; the table can be read all the time.
    Alter {
        new: Vec<String>,
        gone: Vec<String>,
    },
    /// Replace the table, which is missing for an instant.
    Swap,
}

/// The changes that make a schema match a plan. If any of them is refused, none is made.
pub struct Steps<'p> {
    plan: &'p Plan<'p>,
    steps: Vec<(&'p Definition, Step)>,
}

impl<'p> Steps<'p> {
    /// Compares a schema with a plan. A table that register-tables did not create is kept if it matches, and refused
    /// otherwise. `replace` allows swaps.
    ///
    /// # Errors
    /// Fails if a table of another origin differs from the plan, or if a table needs a swap and `replace` is false.
    pub fn new(schema: &Schema, plan: &'p Plan<'p>, replace: bool) -> anyhow::Result<Self> {
        let step = |wanted| Ok((wanted, step(schema, wanted, replace)?));
        let steps = on_threads(MAX_IN_FLIGHT, plan.definitions.iter().collect(), step);
        Ok(Steps { plan, steps: steps.into_iter().collect::<anyhow::Result<_>>()? })
    }

    /// Returns the step of every table and view.
    pub fn all(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().map(|(_, step)| step)
    }

    /// Creates tables and adds columns, then replaces the views, then drops the columns that no view reads any more.
    ///
    /// # Errors
    /// Fails with Trino's error, or if Trino reads other rows in a new table than were written.
    pub fn carry_out(&self, schema: &Schema) -> anyhow::Result<()> {
        let first = self.verify_one_first(schema)?;
        let is_view = |wanted: &Definition| matches!(wanted.kind, Kind::View { .. });
        let others = self.steps.iter().filter(|(wanted, _)| Some(wanted.name.as_str()) != first);
        let (views, tables): (Vec<_>, Vec<_>) = others.partition(|(wanted, _)| is_view(wanted));
        self.run_all(&tables, |wanted, step| match step {
            Step::Create => schema.create(wanted),
            Step::Alter { new, .. } => add_columns(schema, wanted, new),
            Step::Swap => swap::swap(schema, wanted, self.plan.written(wanted)),
            Step::Keep | Step::ReplaceView => Ok(()),
        })?;
        self.run_all(&views, |wanted, step| if *step == Step::Keep { Ok(()) } else { schema.create(wanted) })?;
        self.run_all(&tables, |wanted, step| match step {
            Step::Alter { gone, .. } => finish_altering(schema, wanted, gone),
            _ => Ok(()),
        })
    }

    /// Creates and verifies one table that has rows, before all others, and returns its name: if Trino sees no lake
    /// under its root, it would create a folder for each table.
    fn verify_one_first(&self, schema: &Schema) -> anyhow::Result<Option<&'p str>> {
        let with_rows = |(wanted, step): &&(&'p Definition, Step)| {
            matches!(step, Step::Create | Step::Swap) && self.plan.written(wanted).is_some_and(|of| of.rows > 0)
        };
        let Some((wanted, step)) = self.steps.iter().find(with_rows) else { return Ok(None) };
        let written = self.plan.written(wanted);
        if *step == Step::Swap {
            swap::swap(schema, wanted, written)?;
        } else {
            create_verified(schema, wanted, written)?;
        }
        Ok(Some(&wanted.name))
    }

    fn run_all(
        &self,
        steps: &[&(&'p Definition, Step)],
        work: impl Fn(&Definition, &Step) -> anyhow::Result<()> + Sync,
    ) -> anyhow::Result<()> {
        on_threads(MAX_IN_FLIGHT, steps.to_vec(), |(wanted, step)| work(wanted, step)).into_iter().collect()
    }
}

fn step(schema: &Schema, wanted: &Definition, replace: bool) -> anyhow::Result<Step> {
    let Some(there) = schema.relations.get(&wanted.name) else { return Ok(Step::Create) };
    match &wanted.kind {
        Kind::View { .. } => of_view(schema, wanted, there),
        Kind::Table { location, columns } => of_table(schema, wanted, there, location, columns, replace),
    }
}

fn of_view(schema: &Schema, wanted: &Definition, there: &Relation) -> anyhow::Result<Step> {
    if there.is_view && there.comment.as_deref() == Some(&wanted.comment) {
        return Ok(Step::Keep);
    }
    if !there.is_view || !there.is_ours() {
        return Err(schema.foreign(&wanted.name));
    }
    Ok(Step::ReplaceView)
}

fn of_table(
    schema: &Schema,
    wanted: &Definition,
    there: &Relation,
    location: &str,
    columns: &[ColumnDefinition],
    replace: bool,
) -> anyhow::Result<Step> {
    let in_place = changes_in_place(&there.columns, columns);
    let same_columns = in_place.as_ref().is_some_and(|(new, gone)| new.is_empty() && gone.is_empty());
    if !there.is_view && same_columns && there.comment.as_deref() == Some(&wanted.comment) {
        return Ok(Step::Keep);
    }
    let same_location = !there.is_view && schema.location(&wanted.name)?.as_deref() == Some(location);
    if !there.is_ours() {
        // Created by hand or by an older pipeline: kept if it is equal.
        return if same_columns && same_location { Ok(Step::Keep) } else { Err(schema.foreign(&wanted.name)) };
    }
    if let Some((new, gone)) = in_place.filter(|_| same_location) {
        return Ok(Step::Alter { new, gone });
    }
    if !replace {
        let what = if same_location { "other columns" } else { "another location" };
        return Err(Failure::parameters(format!("{} has {what}", schema.table(&wanted.name)))
            .hint("pass --replace-tables=true; for an instant between two renames the table is not there")
            .into());
    }
    swap::refuse_foreign_names(schema, &wanted.name)?;
    Ok(Step::Swap)
}

/// Returns the new and the dropped columns, if appending and dropping them gives the wanted table. A column of another
/// type does not qualify: it would be missing for an instant, and Trino's Hive catalog changes no types.
fn changes_in_place(there: &[(String, String)], wanted: &[ColumnDefinition]) -> Option<(Vec<String>, Vec<String>)> {
    let named = |name: &str| wanted.iter().any(|column| column.name == name);
    let (kept, gone): (Vec<_>, Vec<_>) = there.iter().partition(|(name, _)| named(name));
    let begins_alike = kept.len() <= wanted.len()
        && kept.iter().zip(wanted).all(|(found, wanted)| found.0 == wanted.name && found.1 == wanted.data_type);
    if !begins_alike || kept.is_empty() {
        return None;
    }
    let new = wanted[kept.len()..].iter().map(|column| column.name.clone()).collect();
    Some((new, gone.into_iter().map(|(name, _)| name.clone()).collect()))
}

fn add_columns(schema: &Schema, wanted: &Definition, new: &[String]) -> anyhow::Result<()> {
    let table = schema.table(&wanted.name);
    let columns = wanted.columns().iter().filter(|column| new.contains(&column.name));
    for column in columns {
        schema.change("trino/add_column", &[("table", &table), ("column", &column.sql())])?;
    }
    Ok(())
}

/// Drops columns and sets the comments of all others.
fn finish_altering(schema: &Schema, wanted: &Definition, gone: &[String]) -> anyhow::Result<()> {
    let table = schema.table(&wanted.name);
    for column in gone {
        schema.change("trino/drop_column", &[("table", &table), ("column", &quoted(column))])?;
    }
    for column in wanted.columns() {
        let comment = text_literal(&column.comment);
        let places = [("table", &*table), ("column", &quoted(&column.name)), ("comment", &comment)];
        schema.change("trino/comment_on_column", &places)?;
    }
    // The comment comes last, because its mark means that all changes above are done.
    let comment = text_literal(&wanted.comment);
    schema.change("trino/comment_on_table", &[("table", &table), ("comment", &comment)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(there: &str, wanted: &str) -> String {
        let pair = |text: &str| {
            let (name, data_type) = text.split_at(1);
            (name.to_owned(), data_type.to_owned())
        };
        let there: Vec<_> = there.split(' ').map(pair).collect();
        let column = |text: &str| {
            let (name, data_type) = pair(text);
            ColumnDefinition { name, data_type, comment: String::new() }
        };
        let wanted: Vec<_> = wanted.split(' ').map(column).collect();
        match changes_in_place(&there, &wanted) {
            Some((new, gone)) => format!("+{} -{}", new.concat(), gone.concat()),
            None => "swap".to_owned(),
        }
    }

    #[test]
    fn columns_changes_in_place_in_place_where_that_gives_the_table() {
        assert_eq!(changes("a1 b1", "a1 b1"), "+ -");
        assert_eq!(changes("a1 b1", "a1 b1 c1 d1"), "+cd -");
        assert_eq!(changes("a1 b1 c1", "b1"), "+ -ac");
        assert_eq!(changes("a1 b1 c1", "a1 c1 d1"), "+d -b");
        // Another type, another order, a new one in the middle, nothing that stays.
        for (there, wanted) in [("a1 b1", "a1 b2"), ("a1 b1", "b1 a1"), ("a1 b1", "a1 c1 b1"), ("a1", "b1")] {
            assert_eq!(changes(there, wanted), "swap", "{there} / {wanted}");
        }
    }
}
