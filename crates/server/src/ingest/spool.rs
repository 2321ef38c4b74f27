//! The body of an ingest in a file of the lake's folder for unfinished work.

use std::path::PathBuf;

use digdag_task::Scratch;
use discogs_lakehouse::own::Format;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::app::Shared;
use crate::body::Incoming;
use crate::problem::Problem;
use crate::{NAME, blocking};

/// A body on the disk, which is removed when this is dropped.
pub struct Spool {
    /// The file.
    pub path: PathBuf,
    /// Its name, which the snapshot records as its input.
    pub name: String,
    /// The digest of the body.
    pub sha256: String,
    /// The bytes of the body.
    pub bytes: u64,
    _folder: Scratch,
}

impl Spool {
    /// Writes a body to a file, piece by piece.
    ///
    /// # Errors
    /// Fails if the body is too long or too slow, ends too early, or cannot be written. Nothing is left then.
    pub async fn receive(app: &Shared, mut incoming: Incoming, id: &str, format: Format) -> Result<Self, Problem> {
        let lake = app.lake.clone();
        let folder = blocking::run(move || lake.scratch(NAME)).await?;
        let ending = match format {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Json => "json",
            Format::Parquet => "parquet",
        };
        let name = format!("ingest-{id}.{ending}");
        let path = folder.path().join(&name);
        let (mut sha256, mut bytes) = (Sha256::new(), 0);
        let mut file = File::create(&path).await.map_err(cannot_write)?;
        while let Some(piece) = incoming.next().await? {
            sha256.update(&piece);
            bytes += piece.len() as u64;
            file.write_all(&piece).await.map_err(cannot_write)?;
        }
        file.flush().await.map_err(cannot_write)?;
        Ok(Spool { path, name, sha256: hex::encode(sha256.finalize()), bytes, _folder: folder })
    }
}

fn cannot_write(error: std::io::Error) -> Problem {
    Problem::from(anyhow::Error::new(error).context("cannot write the body to the disk"))
}
