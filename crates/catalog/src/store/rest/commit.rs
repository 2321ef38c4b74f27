//! Commits of many tables in one request.
//!
//! A table that is new is registered first, without snapshots: `transactions/commit` changes tables, and not every server
//! lets it create them. An empty table that a killed task leaves shows nothing, and the next task goes on from it.

use std::path::PathBuf;

use iceberg::spec::TableMetadata;
use iceberg::{TableRequirement, TableUpdate};
use serde_json::{Value, json};

use super::connection::wait;
use super::server::Server;
use crate::{Error, Result, TableChange, TableName, metadata, table};

/// How often a commit is sent that the server did not make.
const ATTEMPTS: u32 = 4;

/// A change as it is sent, and the states of the table before and after it.
struct Pending<'c> {
    name: &'c TableName,
    /// The metadata file that the table has before the commit.
    location: String,
    /// The properties that the change sets.
    properties: Vec<String>,
    before: Value,
    after: Value,
    request: Value,
}

/// The part of a commit that the tables show after its answer was lost.
enum Outcome {
    /// All of it.
    Made,
    /// Nothing, and no other writer has changed the tables.
    NotMade,
    /// Nothing, because another writer changed this table first.
    Overtaken(TableName),
    /// This many of the tables.
    Partly(usize),
}

/// Commits all changes, or none. A commit without an answer, or with an error of the server, is looked for in the tables;
/// it is sent again if they show nothing of it, because its requirements keep it from being made twice.
pub(super) fn commit(server: &Server, changes: &[TableChange], at: i64, written: &mut Vec<PathBuf>) -> Result<()> {
    let pending = changes.iter().map(|change| pending(server, change, at, written)).collect::<Result<Vec<_>>>()?;
    let requests: Vec<_> = pending.iter().map(|pending| &pending.request).collect();
    let request = json!({ "table-changes": requests });
    let mut attempt = 1;
    loop {
        let (error, may_be_made) = match server.commit(&request) {
            Ok(answer) if answer.is_success() => return Ok(()),
            Ok(answer) if answer.is_no_endpoint() => return Err(no_transactions(server, &answer)),
            Ok(answer) => (server.connection().refused(&answer), answer.status >= 500),
            Err(lost) => (lost.error, lost.is_sent),
        };
        let unknown = |error: Error| if may_be_made { Error::Unknown(error.to_string()) } else { error };
        match outcome(server, &pending) {
            Err(_) => return Err(unknown(error)),
            Ok(Outcome::Made) => return Ok(()),
            Ok(Outcome::Overtaken(table)) => return Err(Error::Conflict(table)),
            Ok(Outcome::Partly(made)) => {
                let why = format!("{error}; {made} of {} tables have changed", pending.len());
                return Err(Error::Unknown(why));
            }
            Ok(Outcome::NotMade) if attempt == ATTEMPTS || !may_be_made => return Err(unknown(error)),
            Ok(Outcome::NotMade) => {}
        }
        wait(attempt);
        attempt += 1;
    }
}

fn no_transactions(server: &Server, answer: &super::connection::Answer) -> Error {
    match server.connection().refused(answer) {
        Error::Rest { place, .. } => Error::NoTransactions(place),
        error => error,
    }
}

/// Prepares a change. Registers a table that is new.
fn pending<'c>(server: &Server, change: &'c TableChange, at: i64, written: &mut Vec<PathBuf>) -> Result<Pending<'c>> {
    let name = &change.name;
    let built = change.build()?;
    let location = match &change.expected {
        Some(location) => location.clone(),
        None => create(server, change, at, written)?,
    };
    let invalid = |error: serde_json::Error| {
        let error = iceberg::Error::new(iceberg::ErrorKind::DataInvalid, error.to_string());
        Error::Iceberg(name.to_string(), Box::new(error))
    };
    let properties: Vec<_> = built.changes.iter().flat_map(properties).collect();
    Ok(Pending {
        name,
        location,
        before: state(&change.base, &properties).map_err(invalid)?,
        after: state(&built.metadata, &properties).map_err(invalid)?,
        properties,
        request: json!({
            "identifier": {"namespace": [name.namespace], "name": name.name},
            "requirements": requirements(&change.base, &built.changes).map_err(invalid)?,
            "updates": built.changes,
        }),
    })
}

/// Creates a table without snapshots, and returns the location of its metadata.
fn create(server: &Server, change: &TableChange, at: i64, written: &mut Vec<PathBuf>) -> Result<String> {
    let empty = metadata::stamp(change, &change.base, at)?;
    let location = format!("{}/metadata/00000-{}.metadata.json", change.base.location(), change.session);
    metadata::write(&change.files, &empty, &location, written)?;
    // From here on the file may belong to a table, even if the commit fails.
    written.pop();
    server.create_namespace(&change.name.namespace, serde_json::Map::new())?;
    server.register(&change.name, &location)?;
    Ok(location)
}

/// Returns what must hold of a table for its change: that all refs, the columns and the sort order are as they were
/// loaded.
fn requirements(base: &TableMetadata, updates: &[TableUpdate]) -> serde_json::Result<Vec<TableRequirement>> {
    let mut requirements = vec![
        TableRequirement::UuidMatch { uuid: base.uuid() },
        TableRequirement::CurrentSchemaIdMatch { current_schema_id: base.current_schema_id() },
        TableRequirement::LastAssignedFieldIdMatch { last_assigned_field_id: base.last_column_id() },
        TableRequirement::DefaultSortOrderIdMatch { default_sort_order_id: base.default_sort_order_id() },
    ];
    let refs = table::refs(base)?;
    for update in updates {
        if let TableUpdate::SetSnapshotRef { ref_name, .. } = update
            && !refs.contains_key(ref_name)
        {
            requirements.push(TableRequirement::RefSnapshotIdMatch { r#ref: ref_name.clone(), snapshot_id: None });
        }
    }
    for (name, reference) in refs {
        let snapshot_id = Some(reference.snapshot_id);
        requirements.push(TableRequirement::RefSnapshotIdMatch { r#ref: name, snapshot_id });
    }
    Ok(requirements)
}

/// Returns the names of the properties that an update sets.
fn properties(update: &TableUpdate) -> Vec<String> {
    match update {
        TableUpdate::SetProperties { updates } => updates.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Returns what changes of this crate change: refs, snapshots, columns, sort order, and these properties. Numbers that
/// a server may give in its own way, and times, are not in it.
fn state(metadata: &TableMetadata, properties: &[String]) -> serde_json::Result<Value> {
    let mut snapshots: Vec<_> = metadata.snapshots().map(|snapshot| snapshot.snapshot_id()).collect();
    snapshots.sort_unstable();
    let refs = table::refs(metadata)?.into_iter();
    let refs: Vec<_> = refs.map(|(name, reference)| (name, reference.snapshot_id)).collect();
    let properties: Vec<_> = properties.iter().map(|name| metadata.properties().get(name)).collect();
    let columns = metadata.current_schema().as_struct();
    Ok(json!([snapshots, refs, columns, metadata.default_sort_order().fields, properties]))
}

/// Looks for a commit in the tables.
fn outcome(server: &Server, pending: &[Pending]) -> Result<Outcome> {
    let changing: Vec<_> = pending.iter().filter(|pending| pending.before != pending.after).collect();
    let (mut made, mut overtaken) = (0, None);
    for pending in &changing {
        let found = server.load(pending.name, crate::Session::new())?;
        let now = found.as_ref().and_then(|found| state(found.metadata(), &pending.properties).ok());
        if now.as_ref() == Some(&pending.after) {
            made += 1;
        } else if found.is_none_or(|found| found.location != pending.location) {
            overtaken.get_or_insert_with(|| pending.name.clone());
        }
    }
    Ok(match overtaken {
        _ if made == changing.len() => Outcome::Made,
        _ if made > 0 => Outcome::Partly(made),
        Some(table) => Outcome::Overtaken(table),
        None => Outcome::NotMade,
    })
}
