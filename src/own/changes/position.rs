//! The position of a reader: the last snapshot whose changes are flushed, and the length of the output after them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::lake::{Output, output_file, rename, write_new_file};
use digdag_task::Failure;

/// A position, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The table.
    pub table: String,
    /// The snapshot, as a text because JSON numbers lose digits; `None` before the first.
    pub snapshot_id: Option<String>,
    /// The length of the output file in bytes. What lies behind it was written by a call that was killed.
    pub output_bytes: u64,
}

impl Position {
    /// Reads a position, or returns `None` if the file is missing.
    ///
    /// # Errors
    /// Fails if the file is no position of the table.
    pub fn read(path: &Path, table: &str) -> anyhow::Result<Option<Self>> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let position: Position = serde_json::from_slice(&text)
            .map_err(|error| Failure::input(format!("{} is not a position: {error}", path.display())))?;
        if position.table != table {
            let message = format!("{} is the position of table {}, not {table}", path.display(), position.table);
            return Err(Failure::parameters(message).hint("name another --position").into());
        }
        Ok(Some(position))
    }

    /// Returns the snapshot's id.
    ///
    /// # Errors
    /// Fails if the id is no number.
    pub fn snapshot(&self) -> anyhow::Result<Option<i64>> {
        let id = self.snapshot_id.as_deref().map(str::parse).transpose();
        Ok(id.map_err(|_| Failure::input("the position has no snapshot id"))?)
    }

    /// Replaces a position by this one, by a rename.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let Output::File(path) = output_file(path)? else {
            return Err(Failure::parameters("parameter position: expected a file").into());
        };
        // One name, so that the next call replaces the file of a killed one.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.unfinished"));
        let _ = fs::remove_file(&beside);
        write_new_file(&beside, &serde_json::to_vec(self)?, 0o666)?;
        rename(&beside, &path)
    }
}
