//! Views, as other clients of the database made them: listed and loaded, not changed.

use std::fs;

use lake_catalog::{Error, TableName, path_of};
use serde_json::Value;

use crate::Served;
use crate::error::{Refusal, Result};
use crate::request::Page;
use axum::http::StatusCode;

impl Served {
    /// Returns a page of the views in a namespace, and the token of the next page.
    pub fn views(&self, namespace: &str, page: &Page) -> Result<(Vec<String>, Option<String>)> {
        let mut catalog = self.read()?;
        self.expect_namespace(&mut catalog, namespace)?;
        Ok(page.of(catalog.views_in(namespace)?))
    }

    /// Returns the location of a view's metadata.
    pub fn view_location(&self, view: &TableName) -> Result<String> {
        let missing = || {
            let message = format!("the catalog has no view {view}");
            Refusal::new(StatusCode::NOT_FOUND, "NoSuchViewException", message)
        };
        self.read()?.metadata_of_view(view)?.ok_or_else(missing)
    }

    /// Returns the location of a view's metadata, and the metadata.
    pub fn view(&self, view: &TableName) -> Result<(String, Value)> {
        let location = self.view_location(view)?;
        let path = path_of(&location);
        let text = fs::read(&path).map_err(|source| Error::File { action: "read", path: path.clone(), source })?;
        let broken = |error| Refusal::broken(&format!("{location} is no metadata of a view: {error}"));
        let metadata = serde_json::from_slice(&text).map_err(broken)?;
        Ok((location, metadata))
    }
}
