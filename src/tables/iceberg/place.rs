//! The choice of a lake's catalog: recorded in the lake at first use, and fixed from then on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lake_catalog::{Login, Store};
use lake_store::Address;
use serde::{Deserialize, Serialize};

use crate::http::{is_loopback, root_certificates};
use crate::lake::Lake;
use crate::store::{Recorded, WarehouseArgs};
use crate::tables::server;
use digdag_task::Failure;

/// The catalog that a task uses.
#[derive(Args, Clone, Debug, Default)]
pub struct CatalogArgs {
    /// Catalog of the lake's Iceberg tables: sqlite, postgres://USER@HOST:PORT/DATABASE without the password, or
    /// https://HOST/PATH of a REST catalog [default: the one the lake has, or else sqlite]
    #[arg(long, env = "DISCOGS_CATALOG", value_name = "URL")]
    pub catalog: Option<String>,

    /// File with the password of the Postgres catalog, or with the bearer token or the client credentials ID:SECRET of the
    /// REST catalog; PGPASSWORD, DISCOGS_CATALOG_TOKEN or DISCOGS_CATALOG_CREDENTIAL is read if it is not given
    #[arg(long, env = "DISCOGS_CATALOG_PASSWORD_FILE", value_name = "FILE")]
    pub catalog_password_file: Option<PathBuf>,

    /// How a REST catalog is reached.
    #[command(flatten)]
    pub rest: RestArgs,

    /// How the warehouse of the tables is reached, in a task that has parameters for it; otherwise as the lake has it on record.
    #[arg(skip)]
    pub reach: WarehouseArgs,
}

impl CatalogArgs {
    /// Returns the parameters, with those of a warehouse.
    pub fn reaching(&self, warehouse: &WarehouseArgs) -> Self {
        CatalogArgs { reach: warehouse.clone(), ..self.clone() }
    }
}

/// How a REST catalog is reached, beside its URL and its secret.
#[derive(Args, Clone, Debug, Default)]
pub struct RestArgs {
    /// File with the certificates to trust of a REST catalog, in PEM [default: those of public authorities]
    #[arg(long, env = "DISCOGS_CATALOG_CA_FILE", value_name = "FILE")]
    pub catalog_ca_file: Option<PathBuf>,

    /// Token endpoint that exchanges client credentials (OAuth 2) [default: /v1/oauth/tokens behind the URL of the catalog]
    #[arg(long, env = "DISCOGS_CATALOG_TOKEN_URL", value_name = "URL")]
    pub catalog_token_url: Option<String>,

    /// Scope of the tokens that client credentials are exchanged for
    #[arg(long, env = "DISCOGS_CATALOG_SCOPE", value_name = "SCOPE", default_value = "catalog")]
    pub catalog_scope: String,
}

const EMBEDDED: &str = "sqlite";

/// The environment variables with the bearer token and with the client credentials of a REST catalog.
const TOKEN: &str = "DISCOGS_CATALOG_TOKEN";
const CREDENTIAL: &str = "DISCOGS_CATALOG_CREDENTIAL";

/// A catalog's URL, and how it is reached.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite`, `postgres://USER@HOST:PORT/DATABASE` or `https://HOST/PATH`.
    pub url: String,
    /// The file with the password, token or credentials, which otherwise come from the environment.
    pub secret_file: Option<PathBuf>,
    /// How a REST catalog is reached.
    pub rest: RestArgs,
}

impl Place {
    /// Returns a place, with the file of its secret if there is one.
    pub fn new(url: &str, secret_file: Option<&Path>, rest: &RestArgs) -> Self {
        Place { url: url.to_owned(), secret_file: secret_file.map(Path::to_owned), rest: rest.clone() }
    }

    /// Returns the place of the catalog that the lake has, or `None` if it has none.
    ///
    /// # Errors
    /// Fails if the lake's record cannot be read.
    pub fn of(lake: &Lake, secret_file: Option<&Path>, rest: &RestArgs) -> anyhow::Result<Option<Self>> {
        Ok(match recorded(lake)? {
            Some(record) => Some(Place::new(&record.catalog, secret_file, rest)),
            None if lake.catalog_file().exists() => Some(Place::new(EMBEDDED, secret_file, rest)),
            None => None,
        })
    }

    /// Checks the URL.
    ///
    /// # Errors
    /// Fails if the URL is invalid or holds a secret.
    pub fn check(&self) -> anyhow::Result<()> {
        Kind::of(&self.url).map(drop)
    }

    /// Refuses the embedded catalog for a lake whose tables of runs lie in a warehouse, which are for several machines.
    ///
    /// # Errors
    /// Fails if that is so.
    pub fn require_shared(&self, lake: &Lake) -> anyhow::Result<()> {
        match Recorded::of(lake)? {
            Some(recorded) if self.url == EMBEDDED => Err(not_shared(&recorded.warehouse)
                .hint("name another with --to postgres://USER@HOST:PORT/DATABASE, or pass --allow-local-catalog=true")
                .into()),
            _ => Ok(()),
        }
    }

    /// Returns the store at this place.
    ///
    /// # Errors
    /// Fails if the URL is invalid, if a file cannot be read, or if the secret would be sent without encryption.
    pub(super) fn store(&self, lake: &Lake) -> anyhow::Result<Store> {
        let (file, url) = (self.secret_file.as_deref(), self.url.clone());
        Ok(match Kind::of(&url)? {
            Kind::Embedded => Store::Sqlite(lake.catalog_file()),
            Kind::Postgres => Store::Postgres { url, password: server::password(file)? },
            Kind::Rest => {
                let login = login(file, &url, &self.rest)?;
                if login != Login::None {
                    refuse_unencrypted(&url)?;
                }
                Store::Rest { url, login, authorities: authorities(&self.rest)? }
            }
        })
    }
}

/// Returns the login of a REST catalog: a text with a colon is ID:SECRET, because no bearer token has one.
fn login(file: Option<&Path>, url: &str, rest: &RestArgs) -> Result<Login, Failure> {
    let wrong = |what: &str| Failure::parameters(format!("the client credentials of the catalog: {what}"));
    let is_filled = |text: &String| !text.is_empty();
    let text = match server::secret(file, TOKEN)?.filter(is_filled) {
        Some(token) if !token.contains(':') => return Ok(Login::Token(token)),
        Some(credentials) => credentials,
        None => match std::env::var(CREDENTIAL).ok().filter(is_filled) {
            Some(credentials) => credentials,
            None => return Ok(Login::None),
        },
    };
    let both = text.split_once(':').filter(|(id, secret)| !id.is_empty() && !secret.is_empty());
    let Some((id, secret)) = both else {
        return Err(wrong("expected ID:SECRET").hint(format!("set {CREDENTIAL} to both, or {TOKEN} to a bearer token")));
    };
    let base = url.split('?').next().unwrap_or(url).trim_end_matches('/');
    let token_url = rest.catalog_token_url.clone().unwrap_or_else(|| format!("{base}/v1/oauth/tokens"));
    if !matches!(token_url.split_once("://"), Some(("http" | "https", host)) if !host.is_empty()) {
        return Err(Failure::parameters("parameter catalog_token_url: expected https://HOST/PATH"));
    }
    server::refuse_password(&token_url, "catalog_token_url", "--catalog-password-file")?;
    refuse_unencrypted(&token_url)?;
    let (id, secret) = (id.to_owned(), secret.to_owned());
    Ok(Login::Credentials { id, secret, token_url, scope: rest.catalog_scope.clone() })
}

fn refuse_unencrypted(url: &str) -> Result<(), Failure> {
    match url.starts_with("http:") && !is_loopback(url) {
        true => Err(Failure::parameters(format!("{url} would get the token or the credentials without encryption"))
            .hint("use https, or a server on this machine")),
        false => Ok(()),
    }
}

/// Returns the certificates to trust, in PEM.
fn authorities(rest: &RestArgs) -> Result<Option<String>, Failure> {
    let Some(path) = &rest.catalog_ca_file else { return Ok(None) };
    let wrong = |what: String| Failure::parameters(format!("parameter catalog_ca_file: {}: {what}", path.display()));
    root_certificates(path).map_err(wrong)?;
    fs::read_to_string(path).map(Some).map_err(|error| wrong(error.to_string()))
}

/// The kinds of catalogs.
enum Kind {
    Embedded,
    Postgres,
    Rest,
}

impl Kind {
    /// Returns the kind of a URL, and refuses one that is of no kind or holds a secret.
    fn of(url: &str) -> anyhow::Result<Self> {
        let kind = match url.split_once("://") {
            _ if url == EMBEDDED => return Ok(Kind::Embedded),
            Some(("postgres", _)) => Kind::Postgres,
            Some(("https" | "http", _)) => Kind::Rest,
            _ => {
                return Err(Failure::parameters(
                    "parameter catalog: expected sqlite, postgres://USER@HOST:PORT/DATABASE or https://HOST/PATH",
                )
                .into());
            }
        };
        server::refuse_password(url, "catalog", "--catalog-password-file")?;
        if let (Kind::Rest, Some((_, query))) = (&kind, url.split_once('?'))
            && (!query.starts_with("warehouse=") || query.contains('&'))
        {
            return Err(Failure::parameters("parameter catalog: expected nothing but ?warehouse=NAME behind the path")
                .hint("a token comes from --catalog-password-file FILE")
                .into());
        }
        Ok(kind)
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
    let place = Place::of(lake, asked.catalog_password_file.as_deref(), &asked.rest)?;
    let Some(place) = place else { return Ok(None) };
    if let Some(other) = asked.catalog.as_deref().filter(|other| *other != place.url) {
        Kind::of(other)?;
        return Err(Failure::parameters(format!("the lake's catalog is {}, not {other}: a lake has one", place.url))
            .hint("leave out --catalog, and unset DISCOGS_CATALOG")
            .into());
    }
    place.store(lake).map(Some)
}

/// Returns the store of the lake's catalog, or `None` if the lake has none, for a program that opens it by itself.
///
/// # Errors
/// Fails if the lake has another catalog than `asked`, or if its secret cannot be read.
pub fn store(lake: &Lake, asked: &CatalogArgs) -> anyhow::Result<Option<Store>> {
    existing(lake, asked)
}

/// Returns the place of the catalog for a lake that has none.
pub(super) fn first(asked: &CatalogArgs) -> Place {
    let url = asked.catalog.as_deref().unwrap_or(EMBEDDED);
    Place::new(url, asked.catalog_password_file.as_deref(), &asked.rest)
}

/// Refuses the embedded catalog for tables in a warehouse, which are for several machines. A lake that has such tables
/// already was allowed to.
///
/// # Errors
/// Fails if the lake's catalog is, or would be, the embedded one.
pub fn require_shared_catalog(lake: &Lake, asked: &CatalogArgs, warehouse: &WarehouseArgs) -> anyhow::Result<()> {
    let Some(address) = warehouse.warehouse.as_ref() else { return Ok(()) };
    let there = Place::of(lake, asked.catalog_password_file.as_deref(), &asked.rest)?;
    if Recorded::of(lake)?.is_some()
        || there.as_ref().map_or_else(|| first(asked).url, |there| there.url.clone()) != EMBEDDED
    {
        return Ok(());
    }
    let hint = match there {
        Some(_) => "move-catalog --to postgres://USER@HOST:PORT/DATABASE moves it; --allow-local-catalog=true keeps it",
        None => "name one with --catalog postgres://USER@HOST:PORT/DATABASE, or pass --allow-local-catalog=true",
    };
    Err(not_shared(address).hint(hint).into())
}

fn not_shared(warehouse: &Address) -> Failure {
    Failure::parameters(format!(
        "a catalog in SQLite is a file of this machine, and tables in {warehouse} are for several machines"
    ))
}

/// Records the first catalog of a lake, unless it is the embedded one.
pub(super) fn record(lake: &Lake, place: &Place) -> anyhow::Result<()> {
    if place.url == EMBEDDED { Ok(()) } else { switch(lake, &place.url, None) }
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
