//! Table files on a local disk: Iceberg's own I/O for Avro, and this crate's durable writes for other files.

use std::fs::{self, File, OpenOptions};
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iceberg::io::{FileIO, FileIOBuilder, LocalFsStorageFactory};

use crate::{Error, Result};

/// Returns Iceberg's access to local files.
pub(crate) fn io() -> FileIO {
    FileIOBuilder::new(Arc::new(LocalFsStorageFactory)).build()
}

/// Runs one of Iceberg's futures to its end. Local I/O never waits, so a current-thread runtime is enough.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime =
        runtime.map_err(|source| Error::File { action: "start a runtime for", path: PathBuf::new(), source })?;
    Ok(runtime.block_on(future))
}

/// Returns the path of a location: `file:///a`, `file:/a` or `/a`.
pub(crate) fn path_of(location: &str) -> PathBuf {
    let path = location.strip_prefix("file://").or_else(|| location.strip_prefix("file:")).unwrap_or(location);
    PathBuf::from(path)
}

/// Returns the location of an absolute path.
pub(crate) fn location_of(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if path.is_absolute() => Ok(format!("file://{text}")),
        _ => {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path is relative or not UTF-8");
            Err(Error::File { action: "name", path: path.to_owned(), source })
        }
    }
}

/// Creates a folder and its missing parents, each flushed into the folder above it.
pub(crate) fn make_folders(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(failed("create", folder)(error));
            }
            _ => sync_folder(parent)?,
        }
    }
    Ok(())
}

/// Writes a file that does not exist yet and flushes it to the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed("create", path))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("flush", path))
}

/// Flushes the entries of a folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flush", folder))
}

/// Returns a function that converts an I/O error of `action` on a path.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::File { action, path: path.to_owned(), source }
}
