//! Parameters of the connection to Trino.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use ureq::http::Uri;

use digdag_task::Failure;

/// The connection to Trino. A password or token is not a parameter, because Digdag would store it with the workflow: it
/// is read from `TRINO_PASSWORD` or `TRINO_ACCESS_TOKEN`, or from the file that a parameter names.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Trino")]
pub struct TrinoParameters {
    /// Trino's address, such as http://127.0.0.1:8080 or https://trino.example.org
    #[arg(long, value_name = "URL")]
    pub trino_url: Option<String>,

    /// The user that queries run as
    #[arg(long, value_name = "NAME", default_value = "discogs")]
    pub trino_user: String,

    /// The Hive catalog
    #[arg(long, value_name = "NAME", default_value = "hive")]
    pub trino_catalog: String,

    /// The schema over what is published
    #[arg(long, value_name = "NAME", default_value = "discogs")]
    pub trino_schema: String,

    /// The lake's folder as Trino sees it [default: the lake's folder]
    #[arg(long, value_name = "FOLDER")]
    pub trino_lake_root: Option<PathBuf>,

    /// A file with the password [default: the environment variable TRINO_PASSWORD]
    #[arg(long, value_name = "FILE")]
    pub trino_password_file: Option<PathBuf>,

    /// A file with a JWT [default: the environment variable TRINO_ACCESS_TOKEN]
    #[arg(long, value_name = "FILE", conflicts_with = "trino_password_file")]
    pub trino_token_file: Option<PathBuf>,

    /// A file with the certificates to trust, in PEM [default: those of public authorities]
    #[arg(long, value_name = "FILE")]
    pub trino_ca_file: Option<PathBuf>,
}

/// The secret that authenticates the user. It is never shown.
pub(super) enum Credential {
    None,
    Password(String),
    Token(String),
}

impl TrinoParameters {
    /// Returns the name of the schema over one run.
    pub fn run_schema(&self, run_id: &str) -> String {
        run_schema(&self.trino_schema, run_id)
    }

    /// Returns the name of the schema over the history tables: `discogs_history`.
    pub fn history_schema(&self) -> String {
        format!("{}_history", self.trino_schema)
    }

    /// Returns the name of the schema with the views about tables: `discogs_tables`.
    pub fn about_schema(&self) -> String {
        format!("{}_tables", self.trino_schema)
    }

    /// Returns the location of a folder of the lake as Trino sees it.
    pub fn location(&self, lake_root: &Path, folder: &str) -> String {
        let root = self.trino_lake_root.as_deref().unwrap_or(lake_root);
        format!("file:{}/{folder}", root.to_string_lossy().trim_end_matches('/'))
    }

    /// Returns the address without a trailing slash.
    pub(super) fn address(&self) -> Result<String, Failure> {
        let wrong = |what: &str| Failure::parameters(format!("parameter trino_url: {what}"));
        let example = "give it as http://127.0.0.1:8080; scripts/stack up starts a Trino and status names it";
        let text = self.trino_url.as_deref().ok_or_else(|| wrong("is missing").hint(example))?;
        let uri: Uri = text.parse().map_err(|_| wrong("is not a URL").hint(example))?;
        let authority = uri.authority().ok_or_else(|| wrong("is not a URL").hint(example))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("is neither http nor https").hint(example));
        }
        if authority.as_str().contains('@') {
            return Err(wrong("holds a password").hint("use TRINO_PASSWORD or trino_password_file"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }

    /// Reads the secret from its file, otherwise from the environment. Refuses to send it over plain http.
    pub(super) fn credential(&self, address: &str) -> Result<Credential, Failure> {
        let from_environment = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let credential = if let Some(path) = &self.trino_token_file {
            Credential::Token(read_secret("trino_token_file", path)?)
        } else if let Some(path) = &self.trino_password_file {
            Credential::Password(read_secret("trino_password_file", path)?)
        } else if let Some(token) = from_environment("TRINO_ACCESS_TOKEN") {
            Credential::Token(token)
        } else if let Some(password) = from_environment("TRINO_PASSWORD") {
            Credential::Password(password)
        } else {
            Credential::None
        };
        if !matches!(credential, Credential::None) && !address.starts_with("https:") {
            return Err(Failure::parameters("parameter trino_url: a password or token is not sent over plain http")
                .hint("give an https address, or none of TRINO_PASSWORD, TRINO_ACCESS_TOKEN and the files"));
        }
        Ok(credential)
    }
}

/// Returns the name of the schema over one run, beside that over the active run: `discogs_r_2026_11__20261120_000000`.
pub fn run_schema(trino_schema: &str, run_id: &str) -> String {
    format!("{trino_schema}_r_{}", run_id.replace('-', "_"))
}

fn read_secret(parameter: &str, path: &Path) -> Result<String, Failure> {
    let wrong = |what: String| Failure::parameters(format!("parameter {parameter}: {}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(wrong("is empty or more than a line".to_owned()));
    }
    Ok(text.to_owned())
}
