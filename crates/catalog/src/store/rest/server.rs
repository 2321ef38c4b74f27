//! The namespaces and tables of a REST server.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::PROPERTIES;
use super::connection::{Answer, Connection, Lost};
use crate::{Error, Files, Login, Result, Session, Table, TableName};

/// The endpoint that commits several tables at once, as a server lists it.
const COMMIT: &str = "POST /v1/{prefix}/transactions/commit";

pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A REST server.
pub(super) struct Server {
    connection: Connection,
    /// The start of every path: empty, or a prefix that the server gave, with a slash.
    prefix: String,
    /// The endpoints that the server listed; `None` if it listed none.
    endpoints: Option<Vec<String>>,
}

impl Server {
    /// Connects to the server and reads its configuration.
    pub fn connect(url: &str, login: &Login, authorities: Option<&str>) -> Result<Self> {
        let connection = Connection::new(url, login, authorities)?;
        let query = url.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        let config = connection.expect(&Method::GET, &format!("config{query}"), None)?;
        if !config.is_object() {
            return Err(connection.error("its v1/config is no configuration of a catalog".to_owned()));
        }
        let given = |kind: &str| config[kind]["prefix"].as_str().filter(|prefix| !prefix.is_empty());
        let prefix =
            given("overrides").or_else(|| given("defaults")).map(|prefix| format!("{}/", prefix.trim_matches('/')));
        let endpoints = config["endpoints"].as_array();
        let endpoints = endpoints.map(|list| list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect());
        Ok(Server { connection, prefix: prefix.unwrap_or_default(), endpoints })
    }

    /// Returns whether the server commits several tables at once. A server that lists no endpoints is sent a commit of no
    /// table.
    pub fn has_transactions(&self) -> Result<bool> {
        match &self.endpoints {
            Some(list) => Ok(list.iter().any(|endpoint| endpoint == COMMIT)),
            None => match self.commit(&json!({"table-changes": []})) {
                Ok(answer) if [401, 403].contains(&answer.status) => Err(self.connection.refused(&answer)),
                Ok(answer) => Ok(!answer.is_no_endpoint()),
                Err(lost) => Err(lost.error),
            },
        }
    }

    /// Sends a commit once.
    pub fn commit(&self, changes: &Value) -> std::result::Result<Answer, Lost> {
        self.connection.send(&Method::POST, &self.path("transactions/commit"), Some(changes))
    }

    /// Returns the connection, for its errors.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the properties of a namespace, or `None` if the catalog lacks the name.
    pub fn properties(&self, namespace: &str) -> Result<Option<BTreeMap<String, String>>> {
        let answer = self.connection.ask(&Method::GET, &self.namespace(namespace), None)?;
        if answer.is_missing() {
            return Ok(None);
        }
        let properties = self.success(answer)?["properties"].take();
        Ok(Some(serde_json::from_value(properties).unwrap_or_default()))
    }

    /// Creates a namespace, unless it exists.
    pub fn create_namespace(&self, namespace: &str, properties: Map<String, Value>) -> Result<()> {
        let body = json!({"namespace": [namespace], "properties": properties});
        let answer = self.connection.ask(&Method::POST, &self.path("namespaces"), Some(&body))?;
        if answer.status == 409 { Ok(()) } else { self.success(answer).map(drop) }
    }

    /// Sets properties of a namespace.
    pub fn set_properties(&self, namespace: &str, properties: Map<String, Value>) -> Result<()> {
        let body = json!({"removals": [], "updates": properties});
        let path = format!("{}/properties", self.namespace(namespace));
        self.connection.expect(&Method::POST, &path, Some(&body)).map(drop)
    }

    /// Drops a namespace, unless it is missing or holds something.
    pub fn drop_namespace(&self, namespace: &str) -> Result<()> {
        let answer = self.connection.ask(&Method::DELETE, &self.namespace(namespace), None)?;
        if [404, 409].contains(&answer.status) { Ok(()) } else { self.success(answer).map(drop) }
    }

    /// Returns the namespaces of one level, without that of the lake's properties.
    pub fn namespaces(&self) -> Result<Vec<String>> {
        let listed = self.list(&self.path("namespaces"), "namespaces", |entry| match entry.as_array()?.as_slice() {
            [name] => name.as_str().map(str::to_owned),
            _ => None,
        })?;
        Ok(listed.unwrap_or_default().into_iter().filter(|namespace| namespace != PROPERTIES).collect())
    }

    /// Returns the names of all tables, sorted.
    pub fn names(&self) -> Result<Vec<TableName>> {
        self.identifiers("tables")
    }

    /// Returns the names of all views, sorted; none if the server has no views.
    pub fn views(&self) -> Result<Vec<TableName>> {
        let lists_views =
            |list: &Vec<String>| list.iter().any(|one| one.starts_with("GET ") && one.ends_with("/views"));
        if self.endpoints.as_ref().is_some_and(|list| !lists_views(list)) {
            Ok(Vec::new())
        } else {
            self.identifiers("views")
        }
    }

    fn identifiers(&self, kind: &str) -> Result<Vec<TableName>> {
        let mut names = Vec::new();
        for namespace in self.namespaces()? {
            let path = format!("{}/{kind}", self.namespace(&namespace));
            let listed = self.list(&path, "identifiers", |entry| entry["name"].as_str().map(str::to_owned))?;
            names.extend(listed.unwrap_or_default().iter().map(|name| TableName::new(&namespace, name)));
        }
        names.sort();
        Ok(names)
    }

    /// Loads a table, or returns `None` if there is none of the name.
    pub fn load(&self, name: &TableName, session: Session) -> Result<Option<Table>> {
        let answer = self.connection.ask(&Method::GET, &self.table(name), None)?;
        if answer.is_missing() {
            return Ok(None);
        }
        let mut body = self.success(answer)?;
        let location = body["metadata-location"].as_str().map(str::to_owned);
        let location =
            location.ok_or_else(|| self.connection.error(format!("table {name} has no metadata-location")))?;
        let metadata = serde_json::from_value(body["metadata"].take())
            .map_err(|error| self.connection.error(format!("metadata of table {name}: {error}")))?;
        Ok(Some(Table { name: name.clone(), metadata, location, session, files: Files::default() }))
    }

    /// Adds a table whose metadata file exists. Does nothing if the table has this metadata already.
    pub fn register(&self, name: &TableName, location: &str) -> Result<()> {
        let body = json!({"name": name.name, "metadata-location": location});
        let path = format!("{}/register", self.namespace(&name.namespace));
        match self.connection.ask(&Method::POST, &path, Some(&body)) {
            Ok(answer) if answer.is_success() => Ok(()),
            // The answer to an earlier attempt may be lost.
            outcome => match self.load(name, Session::new())? {
                Some(found) if found.location == location => Ok(()),
                Some(_) => Err(Error::Conflict(name.clone())),
                None => outcome.and_then(|answer| self.success(answer)).map(drop),
            },
        }
    }

    /// Removes a table from the catalog, unless it is missing. Its files stay.
    pub fn drop_table(&self, name: &TableName) -> Result<()> {
        let path = format!("{}?purgeRequested=false", self.table(name));
        let answer = self.connection.ask(&Method::DELETE, &path, None)?;
        if answer.is_missing() { Ok(()) } else { self.success(answer).map(drop) }
    }

    /// Returns the entries of a list, page by page; `None` if what it is a list of does not exist.
    fn list<T>(&self, path: &str, key: &str, entry: impl Fn(&Value) -> Option<T>) -> Result<Option<Vec<T>>> {
        let (mut entries, mut page) = (Vec::new(), String::new());
        loop {
            let answer = self.connection.ask(&Method::GET, &format!("{path}{page}"), None)?;
            if answer.is_missing() {
                return Ok(None);
            }
            let body = self.success(answer)?;
            entries.extend(body[key].as_array().into_iter().flatten().filter_map(&entry));
            match body["next-page-token"].as_str() {
                Some(token) if !token.is_empty() => page = format!("?pageToken={}", segment(token)),
                _ => return Ok(Some(entries)),
            }
        }
    }

    fn success(&self, answer: Answer) -> Result<Value> {
        if answer.is_success() { Ok(answer.body) } else { Err(self.connection.refused(&answer)) }
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn namespace(&self, namespace: &str) -> String {
        self.path(&format!("namespaces/{}", segment(namespace)))
    }

    fn table(&self, name: &TableName) -> String {
        format!("{}/tables/{}", self.namespace(&name.namespace), segment(&name.name))
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}
