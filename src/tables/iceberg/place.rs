//! The choice of a lake's catalog: recorded in the lake at first use, and fixed from then on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lake_catalog::Store;
use serde::{Deserialize, Serialize};

use crate::lake::Lake;
use crate::tables::server;
use digdag_task::Failure;

/// The catalog that a task uses.
#[derive(Args, Clone, Debug, Default)]
pub struct CatalogArgs {
    /// Catalog of the lake's Iceberg tables: sqlite, or postgres://USER@HOST:PORT/DATABASE without the password
    /// [default: the one the lake has, or else sqlite]
    #[arg(long, env = "DISCOGS_CATALOG", value_name = "URL")]
    pub catalog: Option<String>,

    /// File with the password of the Postgres catalog; PGPASSWORD is read if it is not given
    #[arg(long, env = "DISCOGS_CATALOG_PASSWORD_FILE", value_name = "FILE")]
    pub catalog_password_file: Option<PathBuf>,
}

const EMBEDDED: &str = "sqlite";

/// A catalog's URL, and the password for it.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite`, or `postgres://USER@HOST:PORT/DATABASE`.
    pub url: String,
    /// The password, from a file or the environment.
    pub password: Option<String>,
}

impl Place {
    /// Returns a place for which the password is read from a file, otherwise from `PGPASSWORD`.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn new(url: &str, password_file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Place { url: url.to_owned(), password: server::password(password_file)? })
    }

    /// Returns the place of the catalog that the lake has, or `None` if it has none.
    ///
    /// # Errors
    /// Fails if the lake's record or the password file cannot be read.
    pub fn of(lake: &Lake, password_file: Option<&Path>) -> anyhow::Result<Option<Self>> {
        match recorded(lake)? {
            Some(record) => Place::new(&record.catalog, password_file).map(Some),
            None if lake.catalog_file().exists() => Place::new(EMBEDDED, password_file).map(Some),
            None => Ok(None),
        }
    }

    /// Checks the URL.
    ///
    /// # Errors
    /// Fails if the URL is invalid or holds a password.
    pub fn check(&self) -> anyhow::Result<()> {
        check(&self.url).map(drop)
    }

    /// Returns the store at this place.
    ///
    /// # Errors
    /// Fails if the URL is invalid.
    pub(super) fn store(&self, lake: &Lake) -> anyhow::Result<Store> {
        store_at(lake, &self.url, self.password.clone())
    }
}

/// `_meta/catalog.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    catalog: String,
    /// The catalog that the lake had before, while its rows are being removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

/// Returns the store of the catalog that the lake has.
pub(super) fn existing(lake: &Lake, asked: &CatalogArgs) -> anyhow::Result<Option<Store>> {
    match recorded(lake)? {
        Some(record) => store(lake, &record.catalog, asked).map(Some),
        None if lake.catalog_file().exists() => store(lake, EMBEDDED, asked).map(Some),
        None => Ok(None),
    }
}

/// Returns the store of the lake's catalog. If the lake has none, records the requested catalog unless it is the
/// embedded one.
pub(super) fn record(lake: &Lake, asked: &CatalogArgs) -> anyhow::Result<Store> {
    if let Some(store) = existing(lake, asked)? {
        return Ok(store);
    }
    let url = asked.catalog.as_deref().unwrap_or(EMBEDDED);
    let found = store(lake, url, asked)?;
    if url != EMBEDDED {
        switch(lake, url, None)?;
    }
    Ok(found)
}

/// Records the lake's catalog by one rename, and the catalog that it had before.
pub(super) fn switch(lake: &Lake, url: &str, left: Option<&str>) -> anyhow::Result<()> {
    if url == EMBEDDED && left.is_none() {
        return lake.remove_meta_file(Lake::CATALOG_RECORD);
    }
    let text = serde_json::to_vec_pretty(&Record { catalog: url.to_owned(), left: left.map(str::to_owned) })?;
    lake.keep_file(Lake::CATALOG_RECORD, &text).map(drop)
}

/// Returns the catalog that the lake had before, if its rows may still be there.
pub(super) fn left(lake: &Lake) -> anyhow::Result<Option<String>> {
    Ok(recorded(lake)?.and_then(|record| record.left))
}

fn recorded(lake: &Lake) -> anyhow::Result<Option<Record>> {
    let path = lake.meta_file(Lake::CATALOG_RECORD);
    match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => {
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            let record: Record = serde_json::from_slice(&text)
                .map_err(|error| Failure::input(format!("{} is not a catalog's record: {error}", path.display())))?;
            Ok(Some(record))
        }
    }
}

fn store(lake: &Lake, url: &str, asked: &CatalogArgs) -> anyhow::Result<Store> {
    if let Some(other) = asked.catalog.as_deref().filter(|other| *other != url) {
        return Err(Failure::parameters(format!("the lake's catalog is {url}, not {other}: a lake has one"))
            .hint("leave out --catalog, and unset DISCOGS_CATALOG")
            .into());
    }
    store_at(lake, url, server::password(asked.catalog_password_file.as_deref())?)
}

/// Returns the store of a URL.
pub(super) fn store_at(lake: &Lake, url: &str, password: Option<String>) -> anyhow::Result<Store> {
    match check(url)? {
        EMBEDDED => Ok(Store::Sqlite(lake.catalog_file())),
        url => Ok(Store::Postgres { url: url.to_owned(), password }),
    }
}

/// Refuses a URL of another kind, or one with a password.
fn check(url: &str) -> anyhow::Result<&str> {
    if url == EMBEDDED {
        return Ok(url);
    }
    if !url.starts_with("postgres://") {
        return Err(
            Failure::parameters("parameter catalog: expected sqlite or postgres://USER@HOST:PORT/DATABASE").into()
        );
    }
    server::refuse_password(url, "catalog", "--catalog-password-file")?;
    Ok(url)
}
