//! Namespaces. They have one level; those of several levels that other clients of the database made are not shown.

use std::collections::BTreeMap;

use crate::Served;
use crate::error::{Refusal, Result};
use crate::request::{CreateNamespace, Page, UpdateProperties};

/// The property with the location of a namespace, which some clients put new tables below.
const LOCATION: &str = "location";

/// The keys of an update of properties, by their outcome.
#[derive(Debug)]
pub(crate) struct Updated {
    pub removed: Vec<String>,
    pub updated: Vec<String>,
    pub missing: Vec<String>,
}

impl Served {
    /// Returns a page of the namespaces below a parent, and the token of the next page.
    pub fn namespaces(&self, parent: Option<&str>, page: &Page) -> Result<(Vec<String>, Option<String>)> {
        let mut catalog = self.read()?;
        if let Some(parent) = parent.filter(|parent| !parent.is_empty()) {
            self.expect_namespace(&mut catalog, parent)?;
            return Ok((Vec::new(), None));
        }
        let mut namespaces = catalog.namespaces()?;
        // Databases sort by their locale.
        namespaces.sort();
        namespaces.retain(|namespace| !namespace.contains('.'));
        Ok(page.of(namespaces))
    }

    /// Returns the properties of a namespace. Its location is that of its tables, unless another one is recorded.
    pub fn namespace(&self, namespace: &str) -> Result<BTreeMap<String, String>> {
        let mut properties = self.read()?.namespace(namespace)?;
        properties.entry(LOCATION.to_owned()).or_insert_with(|| self.places.of_namespace(namespace));
        Ok(properties)
    }

    pub fn create_namespace(&self, request: &CreateNamespace) -> Result<BTreeMap<String, String>> {
        let CreateNamespace { namespace, properties } = request;
        self.may_change_namespace(namespace)?;
        self.check_location(namespace, properties)?;
        self.write()?.create_namespace(namespace, properties)?;
        self.namespace(namespace)
    }

    pub fn update_namespace(&self, namespace: &str, request: &UpdateProperties) -> Result<Updated> {
        self.may_change_namespace(namespace)?;
        self.check_location(namespace, &request.updates)?;
        let missing = self.write()?.change_namespace(namespace, &request.removals, &request.updates)?;
        let removed = request.removals.iter().filter(|key| !missing.contains(key)).cloned().collect();
        Ok(Updated { removed, updated: request.updates.keys().cloned().collect(), missing })
    }

    pub fn drop_namespace(&self, namespace: &str) -> Result<()> {
        self.may_change_namespace(namespace)?;
        let _names = self.names();
        Ok(self.write()?.drop_namespace(namespace)?)
    }

    fn check_location(&self, namespace: &str, properties: &BTreeMap<String, String>) -> Result<()> {
        match properties.get(LOCATION) {
            Some(location) => {
                let elsewhere = |why| Refusal::bad_request(format!("property {LOCATION}: {why}"));
                self.places.check_namespace(namespace, location).map_err(elsewhere)
            }
            None => Ok(()),
        }
    }
}
