//! `move-catalog`: moves the Iceberg catalog of a lake to another database or server.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::tables::iceberg::{self, CatalogArgs, Place, RestArgs};
use digdag_task::{Call, Switch};

/// Move the Iceberg catalog of a lake to another database or server
///
/// Copies the rows of all tables in one transaction, records the new catalog in the lake by one rename, and removes the
/// rows of the old one. A REST server gets the tables one by one, before the lake records it. Tables, snapshots and files stay as they are. If the task is killed, the lake has its old
/// catalog or its new one, and a second call ends the move.
#[derive(Debug, Parser)]
#[command(name = "move-catalog", version, after_help = EXAMPLE)]
pub struct MoveCatalog {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Catalog to move to: sqlite, postgres://USER@HOST:PORT/DATABASE without the password, or https://HOST/PATH of a
    /// REST catalog
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    /// File with the password, token or ID:SECRET of the new catalog; PGPASSWORD, DISCOGS_CATALOG_TOKEN or
    /// DISCOGS_CATALOG_CREDENTIAL is read if it is not given
    #[arg(long, value_name = "FILE")]
    pub(crate) to_password_file: Option<PathBuf>,

    /// File with the password, token or ID:SECRET of the present catalog; PGPASSWORD, DISCOGS_CATALOG_TOKEN or
    /// DISCOGS_CATALOG_CREDENTIAL is read if it is not given
    #[arg(long, env = "DISCOGS_CATALOG_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) catalog_password_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) rest: RestArgs,

    /// Move to SQLite, a file of this machine, although the tables of runs lie in a warehouse
    #[arg(long)]
    pub(crate) allow_local_catalog: Switch,
}

const EXAMPLE: &str = "\
Example:
  move-catalog --lake /data/lake --to postgres://lake@127.0.0.1:5432/lake --to-password-file /run/secrets/lake";

/// Runs `move-catalog`.
pub fn main() -> ExitCode {
    super::task(move_catalog)
}

/// Moves the lake's catalog to another database or server.
///
/// # Errors
/// Fails if the lake has no catalog, if another task holds the lake's lock, or if one of the catalogs cannot be used.
fn move_catalog(parameters: MoveCatalog, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let rest = &parameters.rest;
    let to = Place::new(&parameters.to, parameters.to_password_file.as_deref(), rest);
    to.check()?;
    if !parameters.allow_local_catalog.is_on() {
        to.require_shared(&lake)?;
    }
    let from = Place::of(&lake, parameters.catalog_password_file.as_deref(), rest)?
        .ok_or_else(|| iceberg::no_tables(&lake, "run stage-tables with --catalog for a sealed run"))?;
    let is_there = from.url == to.url;
    let password_file = if is_there { &parameters.to_password_file } else { &parameters.catalog_password_file };
    let catalog = CatalogArgs {
        catalog: None,
        catalog_password_file: password_file.clone(),
        rest: rest.clone(),
        ..CatalogArgs::default()
    };
    let mut publication = iceberg::lock(&lake, call.name(), &catalog)?;
    call.set_detail("from", from.url.clone());
    call.set_detail("to", to.url.clone());
    if iceberg::relocate(&mut publication, &from, &to)? {
        call.say(format_args!("the catalog is {} now", to.url));
    } else {
        call.already_done_because(format!("the catalog is {} already", to.url));
    }
    Ok(())
}
