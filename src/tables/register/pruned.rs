//! Schemas of pruned runs. A query of one fails, since its location does not exist.

use super::schema::Schema;
use crate::lake::{Lake, RunId};
use crate::sql::TrinoParameters;
use digdag_task::SharedObserver;

/// Drops the schemas of runs that the lake no longer has, and returns their names. A schema that holds a
/// relation that register-tables did not create, or a table over another location, is kept with a warning.
///
/// # Errors
/// Fails with Trino's error, or if another process holds the lake's lock.
pub fn remove_schemas(
    lake: &Lake,
    parameters: &TrinoParameters,
    task: &str,
    observer: &SharedObserver,
) -> anyhow::Result<Vec<String>> {
    // The schemas are listed before the runs, so that the schema of a run that begins meanwhile is not in the list.
    let names = Schema::unseen(parameters, &parameters.trino_schema, observer)?.names_beside()?;
    let runs = lake.run_ids()?;
    let gone = names.into_iter().filter_map(|name| Some((run_of(&name, parameters)?, name)));
    let gone: Vec<_> = gone.filter(|(run, _)| !runs.contains(run)).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let _locked = lake.lock(task)?;
    let mut removed = Vec::new();
    for (run, name) in gone {
        let schema = Schema::at(parameters, &name, observer)?;
        let folder = parameters.location(lake.root(), &format!("_runs/{run}/"));
        if let Some(foreign) = foreign(&schema, &folder)? {
            observer.note(format_args!(
                "WARN {name} stays, though run {run} is gone: {foreign} in it is not of register-tables"
            ));
            continue;
        }
        remove(&schema)?;
        observer.note(format_args!("{name} is removed, for run {run} is gone"));
        removed.push(name);
    }
    Ok(removed)
}

/// Returns the id of the run in a schema's name, if the schema is that of a run.
fn run_of(schema: &str, parameters: &TrinoParameters) -> Option<RunId> {
    let name = schema.strip_prefix(&parameters.run_schema(""))?;
    let ids = [name.replacen('_', "-", 1), name.to_owned()];
    ids.iter().filter_map(|id| id.parse::<RunId>().ok()).find(|id| parameters.run_schema(id.as_str()) == schema)
}

/// Returns a relation that register-tables did not make, or a table over another folder than the run's, which may
/// belong to another lake.
fn foreign(schema: &Schema, folder: &str) -> anyhow::Result<Option<String>> {
    for (name, relation) in &schema.relations {
        let here = |location: Option<String>| location.is_some_and(|location| location.starts_with(folder));
        if !relation.is_ours() || !(relation.is_view || here(schema.location(name)?)) {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Drops views before the tables that they read, then the schema. Trino refuses to drop a schema in which something was
/// created meanwhile.
fn remove(schema: &Schema) -> anyhow::Result<()> {
    let (views, tables): (Vec<_>, Vec<_>) = schema.relations.iter().partition(|(_, relation)| relation.is_view);
    for (name, _) in views {
        schema.drop_view(name)?;
    }
    for (name, _) in tables {
        schema.drop_table(name)?;
    }
    schema.change("trino/drop_schema", &[("schema", &schema.qualified())])
}
