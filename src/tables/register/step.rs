use super::definition::{ColumnDefinition, Definition, Kind};
use super::plan::Plan;
use super::schema::{Relation, Schema};
use super::swap;
use super::verify::{Written, verify_as};
use crate::parallel::on_threads;
use crate::sql::{quoted, text_literal};
use digdag_task::Failure;

/// Statements that are under way at once: the metastore takes its time for each.
const AT_ONCE: usize = 6;

/// What is to be done about a table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Keep,
    Create,
    /// Another view in its place, in one statement.
    ReplaceView,
    /// Columns come and go where the table stands; it can be read all the time.
    Alter {
        new: Vec<String>,
        gone: Vec<String>,
    },
    /// Another table in its place, which takes it away for an instant.
    Swap,
}

/// What is to be done to make a schema what a plan says. Nothing is done while anything stands in the way.
pub struct Steps<'p> {
    plan: &'p Plan<'p>,
    steps: Vec<(&'p Definition, Step)>,
}

impl<'p> Steps<'p> {
    /// Compares a schema with a plan. What somebody else made under a name is left as it is, and refused if it is something
    /// else. `replace` allows swaps.
    pub fn new(schema: &Schema, plan: &'p Plan<'p>, replace: bool) -> anyhow::Result<Self> {
        let step = |wanted| Ok((wanted, step(schema, wanted, replace)?));
        let steps = on_threads(AT_ONCE, plan.definitions.iter().collect(), step);
        Ok(Steps { plan, steps: steps.into_iter().collect::<anyhow::Result<_>>()? })
    }

    pub fn all(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().map(|(_, step)| step)
    }

    /// Makes tables and adds columns, then the views over them, and takes columns away when no view reads them any more.
    pub fn carry_out(&self, schema: &Schema) -> anyhow::Result<()> {
        let first = self.read_one_first(schema)?;
        let is_view = |wanted: &Definition| matches!(wanted.kind, Kind::View { .. });
        let others = self.steps.iter().filter(|(wanted, _)| Some(wanted.name.as_str()) != first);
        let (views, tables): (Vec<_>, Vec<_>) = others.partition(|(wanted, _)| is_view(wanted));
        self.at_once(&tables, |wanted, step| match step {
            Step::Create => schema.create(wanted),
            Step::Alter { new, .. } => add_columns(schema, wanted, new),
            Step::Swap => swap::swap(schema, wanted, self.plan.written(wanted)),
            Step::Keep | Step::ReplaceView => Ok(()),
        })?;
        self.at_once(&views, |wanted, step| if *step == Step::Keep { Ok(()) } else { schema.create(wanted) })?;
        self.at_once(&tables, |wanted, step| match step {
            Step::Alter { gone, .. } => finish_altering(schema, wanted, gone),
            _ => Ok(()),
        })
    }

    /// Where Trino sees no lake under the root that it was given, it makes a folder for each table. So one that has rows is
    /// made and read before the others are; its name is given.
    fn read_one_first(&self, schema: &Schema) -> anyhow::Result<Option<&'p str>> {
        let with_rows = |(wanted, step): &&(&'p Definition, Step)| {
            matches!(step, Step::Create | Step::Swap) && self.plan.written(wanted).is_some_and(|of| of.rows > 0)
        };
        let Some((wanted, step)) = self.steps.iter().find(with_rows) else { return Ok(None) };
        let written = self.plan.written(wanted);
        if *step == Step::Swap {
            swap::swap(schema, wanted, written)?;
        } else {
            make_and_read(schema, wanted, written)?;
        }
        Ok(Some(&wanted.name))
    }

    fn at_once(
        &self,
        steps: &[&(&'p Definition, Step)],
        work: impl Fn(&Definition, &Step) -> anyhow::Result<()> + Sync,
    ) -> anyhow::Result<()> {
        on_threads(AT_ONCE, steps.to_vec(), |(wanted, step)| work(wanted, step)).into_iter().collect()
    }
}

/// Makes a table, which goes again if what Trino reads there is not what was written.
pub(super) fn make_and_read(schema: &Schema, wanted: &Definition, written: Option<&Written<'_>>) -> anyhow::Result<()> {
    schema.create(wanted)?;
    let Some(written) = written else { return Ok(()) };
    verify_as(schema, &[(&wanted.name, written)]).inspect_err(|_| {
        // The error is what counts; what this leaves is found by the next registration.
        let _ = schema.drop_table(&wanted.name);
    })
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
    let in_place = come_and_go(&there.columns, columns);
    let same_columns = in_place.as_ref().is_some_and(|(new, gone)| new.is_empty() && gone.is_empty());
    if !there.is_view && same_columns && there.comment.as_deref() == Some(&wanted.comment) {
        return Ok(Step::Keep);
    }
    let same_location = !there.is_view && schema.location(&wanted.name)?.as_deref() == Some(location);
    if !there.is_ours() {
        // By hand, by the pipelines before this one: as good as ours if it is the same.
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

/// The columns that are new and those that are gone, where adding the ones behind the others and taking these away gives the
/// table that is wanted. A column of another type is none: it would be away for an instant, and Trino's Hive catalog
/// changes no types.
fn come_and_go(there: &[(String, String)], wanted: &[ColumnDefinition]) -> Option<(Vec<String>, Vec<String>)> {
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

/// Takes columns away, and says anew what all are.
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
    // Last: the mark in it says that all of the above is done.
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
        match come_and_go(&there, &wanted) {
            Some((new, gone)) => format!("+{} -{}", new.concat(), gone.concat()),
            None => "swap".to_owned(),
        }
    }

    #[test]
    fn columns_come_and_go_in_place_where_that_gives_the_table() {
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
