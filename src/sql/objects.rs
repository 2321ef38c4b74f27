//! Objects in S3 for the embedded DuckDB: its extension httpfs, and a login in the session.

use std::path::{Path, PathBuf};

use clap::Args;
use lake_store::{Access, Address};

use super::statement::run;
use super::{DuckDb, SqlFile, text_literal};
use digdag_task::Failure;

/// The file of the extension, as `scripts/setup-httpfs` installs it.
const FILE_NAME: &str = "httpfs.duckdb_extension";

/// The settings that the extension takes from the environment. The login of the session is a secret of DuckDB's instead, which
/// no statement shows.
const OF_THE_ENVIRONMENT: [&str; 3] = ["s3_access_key_id", "s3_secret_access_key", "s3_session_token"];

/// The extension with which DuckDB reads objects.
#[derive(Args, Clone, Debug, Default)]
pub struct ObjectParameters {
    /// DuckDB's extension httpfs, with which it reads objects [default: httpfs.duckdb_extension beside libduckdb]
    #[arg(long, value_name = "FILE")]
    pub httpfs: Option<PathBuf>,
}

impl ObjectParameters {
    /// Returns the extension's file: the given one, or the first where libduckdb is looked for.
    fn file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.httpfs {
            return Ok(file.clone());
        }
        let program = std::env::current_exe().ok();
        let beside = program.as_deref().and_then(Path::parent);
        let folders = beside.into_iter().flat_map(|folder| [folder.to_owned(), folder.join("../lib")]);
        let mut files = folders.chain([PathBuf::from(env!("DUCKDB_FOLDER"))]).map(|folder| folder.join(FILE_NAME));
        files.find(|file| file.is_file()).ok_or_else(|| {
            Failure::parameters("DuckDB's extension httpfs, which reads objects, is not installed")
                .hint("run scripts/setup-httpfs, or name the file with --httpfs")
        })
    }
}

impl DuckDb {
    /// Enables the engine to read the objects below an address. The login stays in the session.
    ///
    /// # Errors
    /// Fails if the extension is missing or is refused by DuckDB.
    pub fn reach(&self, address: &Address, access: &Access, parameters: &ObjectParameters) -> anyhow::Result<()> {
        let extension = parameters.file()?;
        let load = SqlFile::load("objects/load")?;
        let literal = text_literal(&extension.to_string_lossy());
        self.execute(&load.with(&[("extension", &literal)]), &extension.display().to_string()).map_err(|error| {
            Failure::parameters(format!("DuckDB cannot load {}: {error}", extension.display()))
                .hint("run scripts/setup-httpfs, which installs the one for this DuckDB")
        })?;
        for setting in OF_THE_ENVIRONMENT {
            run(self, "objects/forget", &[("setting", setting)])?;
        }
        self.execute_file("objects/verify_server")?;
        if let Some(file) = &access.authorities {
            run(self, "objects/authorities", &[("file", &text_literal(&file.to_string_lossy()))])?;
        }
        let credentials = &access.credentials;
        let texts = [
            ("key_id", credentials.key_id.as_str()),
            ("secret", &credentials.secret),
            ("session_token", credentials.session_token.as_deref().unwrap_or_default()),
            ("region", &access.region),
            ("server", &access.server),
            ("url_style", if access.path_style { "path" } else { "vhost" }),
            ("scope", &format!("{address}/")),
        ];
        let texts = texts.map(|(place, text)| (place, text_literal(text)));
        let mut places: Vec<_> = texts.iter().map(|(place, text)| (*place, text.as_str())).collect();
        places.push(("is_encrypted", if access.is_encrypted { "true" } else { "false" }));
        // DuckDB's message may quote the statement, and with it the secret.
        run(self, "objects/login", &places)
            .map_err(|_| Failure::external("DuckDB refuses the login of the warehouse").into())
    }
}
