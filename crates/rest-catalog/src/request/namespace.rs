//! Requests for namespaces.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{one_level, parse};
use crate::error::{Refusal, Result};
use crate::place::check_name;

/// The longest key and value of the JDBC schema, in characters.
const MAX_KEY: usize = 255;
const MAX_VALUE: usize = 1000;

/// A request to create a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateNamespace {
    /// The name.
    pub namespace: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
}

impl CreateNamespace {
    /// Parses a body.
    ///
    /// # Errors
    /// Fails if the body is no such request, or if the name or a property has no place in the catalog.
    pub fn parse(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Body {
            namespace: Vec<String>,
            #[serde(default)]
            properties: Option<BTreeMap<String, String>>,
        }
        let Body { namespace, properties } = parse("request to create a namespace", body)?;
        let (namespace, properties) = (one_level(namespace)?, properties.unwrap_or_default());
        check_name("namespace", &namespace).map_err(Refusal::bad_request)?;
        properties.iter().try_for_each(|(key, value)| check_property(key, value))?;
        Ok(CreateNamespace { namespace, properties })
    }
}

/// A request to change the properties of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateProperties {
    /// The keys to remove, each once.
    pub removals: Vec<String>,
    /// The properties to set.
    pub updates: BTreeMap<String, String>,
}

impl UpdateProperties {
    /// Parses a body.
    ///
    /// # Errors
    /// Fails if the body is no such request, if a key is both removed and set, or if a property has no place in the catalog.
    pub fn parse(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            removals: Option<Vec<String>>,
            #[serde(default)]
            updates: Option<BTreeMap<String, String>>,
        }
        let Body { removals, updates } = parse("request to update properties", body)?;
        let (mut removals, updates) = (removals.unwrap_or_default(), updates.unwrap_or_default());
        removals.sort();
        removals.dedup();
        updates.iter().try_for_each(|(key, value)| check_property(key, value))?;
        match removals.iter().find(|key| updates.contains_key(*key)) {
            Some(key) => Err(Refusal::unprocessable(format!("the property {key} is both removed and set"))),
            None => Ok(UpdateProperties { removals, updates }),
        }
    }
}

fn check_property(key: &str, value: &str) -> Result<()> {
    let fits = !key.is_empty() && key.chars().count() <= MAX_KEY && value.chars().count() <= MAX_VALUE;
    // Postgres stores no NUL.
    match fits && !key.contains('\0') && !value.contains('\0') {
        true => Ok(()),
        false => Err(Refusal::bad_request(format!(
            "a property of a namespace has a key of 1 to {MAX_KEY} and a value of at most {MAX_VALUE} characters, not NUL"
        ))),
    }
}
