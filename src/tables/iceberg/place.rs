//! The choice of a lake's catalog: recorded in the lake at first use, and fixed from then on.

use std::env;
use std::fs;
use std::path::PathBuf;

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

impl CatalogArgs {
    /// Reads the parameters from the environment, for a task that calls another task.
    pub fn of_environment() -> Self {
        CatalogArgs {
            catalog: env::var("DISCOGS_CATALOG").ok(),
            catalog_password_file: env::var_os("DISCOGS_CATALOG_PASSWORD_FILE").map(PathBuf::from),
        }
    }
}

const EMBEDDED: &str = "sqlite";

/// `_meta/catalog.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    catalog: String,
}

/// Returns the store of the catalog that the lake has.
pub(super) fn existing(lake: &Lake, asked: &CatalogArgs) -> anyhow::Result<Option<Store>> {
    match recorded(lake)? {
        Some(url) => store(lake, &url, asked).map(Some),
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
        let text = serde_json::to_vec_pretty(&Record { catalog: url.to_owned() })?;
        lake.keep_file(Lake::CATALOG_RECORD, &text)?;
    }
    Ok(found)
}

fn recorded(lake: &Lake) -> anyhow::Result<Option<String>> {
    let path = lake.meta_file(Lake::CATALOG_RECORD);
    match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => {
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            let record: Record = serde_json::from_slice(&text)
                .map_err(|error| Failure::input(format!("{} is not a catalog's record: {error}", path.display())))?;
            Ok(Some(record.catalog))
        }
    }
}

fn store(lake: &Lake, url: &str, asked: &CatalogArgs) -> anyhow::Result<Store> {
    if let Some(other) = asked.catalog.as_deref().filter(|other| *other != url) {
        return Err(Failure::parameters(format!("the lake's catalog is {url}, not {other}: a lake has one"))
            .hint("leave out --catalog, and unset DISCOGS_CATALOG")
            .into());
    }
    if url == EMBEDDED {
        return Ok(Store::Sqlite(lake.catalog_file()));
    }
    if !url.starts_with("postgres://") {
        return Err(
            Failure::parameters("parameter catalog: expected sqlite or postgres://USER@HOST:PORT/DATABASE").into()
        );
    }
    server::refuse_password(url, "catalog", "--catalog-password-file")?;
    let password = server::password(asked.catalog_password_file.as_deref())?;
    Ok(Store::Postgres { url: url.to_owned(), password })
}
