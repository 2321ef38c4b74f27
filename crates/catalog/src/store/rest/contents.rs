//! A whole catalog of a REST server, to move it. The protocol has no transaction over this, but a lake names its catalog
//! only once it is whole, and a second call ends what a killed one began.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::PROPERTIES;
use super::server::Server;
use crate::store::{Contents, TableRow};
use crate::{Error, Result, Session, TableName};

/// The property by which databases mark a namespace.
const EXISTS: &str = "exists";

const TABLE: &str = "TABLE";

/// Returns the tables, namespaces and properties of the lake.
pub(super) fn read(server: &Server) -> Result<Contents> {
    if let Some(view) = server.views()?.first() {
        return Err(view_stays(server, view));
    }
    let mut contents = Contents::default();
    for namespace in server.namespaces()? {
        let exists = (EXISTS.to_owned(), "true".to_owned());
        let properties = server.properties(&namespace)?.unwrap_or_default();
        for (key, value) in [exists].into_iter().chain(properties) {
            contents.namespaces.push((namespace.clone(), key, Some(value)));
        }
    }
    for name in server.names()? {
        if let Some(table) = server.load(&name, Session::new())? {
            let (location, kind) = (Some(table.location), Some(TABLE.to_owned()));
            contents.tables.push(TableRow { name, location, previous: None, kind });
        }
    }
    contents.properties = server.properties(PROPERTIES)?.unwrap_or_default().into_iter().collect();
    Ok(contents)
}

/// Makes the server hold these tables and no others. Tables that it has with the same metadata stay as they are.
pub(super) fn replace(server: &Server, contents: &Contents) -> Result<()> {
    if let Some(view) = contents.tables.iter().find(|row| row.kind.as_deref().is_some_and(|kind| kind != TABLE)) {
        return Err(view_stays(server, &view.name));
    }
    let properties: Map<String, Value> =
        contents.properties.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if !properties.is_empty() {
        server.create_namespace(PROPERTIES, properties.clone())?;
        server.set_properties(PROPERTIES, properties.clone())?;
    }
    let mut namespaces: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (namespace, key, value) in &contents.namespaces {
        let properties = namespaces.entry(namespace).or_default();
        if let Some(value) = value.as_ref().filter(|_| key != EXISTS) {
            properties.insert(key.clone(), json!(value));
        }
    }
    for row in &contents.tables {
        namespaces.entry(&row.name.namespace).or_default();
    }
    for (namespace, properties) in &namespaces {
        server.create_namespace(namespace, properties.clone())?;
    }
    let kept: HashSet<&TableName> = contents.tables.iter().map(|row| &row.name).collect();
    for name in server.names()?.iter().filter(|name| !kept.contains(name)) {
        server.drop_table(name)?;
    }
    for row in &contents.tables {
        let Some(location) = &row.location else { continue };
        match server.load(&row.name, Session::new())? {
            Some(found) if found.location == *location => continue,
            Some(_) => server.drop_table(&row.name)?,
            None => {}
        }
        server.register(&row.name, location)?;
    }
    for namespace in server.namespaces()?.iter().filter(|namespace| !namespaces.contains_key(namespace.as_str())) {
        server.drop_namespace(namespace)?;
    }
    // Last, so that a killed call leaves the catalog marked as that of the lake.
    if properties.is_empty() { server.drop_namespace(PROPERTIES) } else { Ok(()) }
}

fn view_stays(server: &Server, view: &TableName) -> Error {
    server.connection().error(format!("view {view} cannot be moved; drop it, and create it again after the move"))
}
