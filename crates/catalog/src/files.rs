//! Table files: on a local disk, written durably, or objects, which the caller knows how to reach.
//!
//! A location is `file:///a`, `/a` or, for an object, `s3://bucket/key`. In this crate a path is a location without `file://`,
//! so the path of an object is its location as it is. Every access goes through [`Files`], which tells them apart.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use iceberg::io::{FileIO, OutputFile};
use iceberg::spec::{FormatVersion, Manifest, ManifestFile, ManifestList, TableMetadata};

use crate::{Error, Result};

/// The beginning of the locations of objects.
const OBJECT: &str = "s3://";

/// The objects of a store, under locations such as `s3://bucket/key`.
pub trait Objects: fmt::Debug + Send + Sync {
    /// Reads an object.
    ///
    /// # Errors
    /// Fails with the kind `NotFound` if the object is missing.
    fn read(&self, location: &str) -> io::Result<Vec<u8>>;

    /// Reads the bytes of a range of an object, which is not empty.
    ///
    /// # Errors
    /// Fails with the kind `NotFound` if the object is missing.
    fn read_range(&self, location: &str, range: Range<u64>) -> io::Result<Vec<u8>>;

    /// Writes an object in one step.
    ///
    /// # Errors
    /// Fails if there is an object already.
    fn write_new(&self, location: &str, bytes: &[u8]) -> io::Result<()>;

    /// Lists the objects whose locations begin with a prefix.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn list(&self, prefix: &str) -> io::Result<Vec<ListedFile>>;

    /// Removes an object; one that is missing counts as removed.
    ///
    /// # Errors
    /// Fails if the store refuses.
    fn remove(&self, location: &str) -> io::Result<()>;
}

/// A file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// The path of a local file, or the location of an object.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Access to table files: to local ones, and to objects if the catalog was opened with a store of them.
#[derive(Clone, Debug, Default)]
pub struct Files(Option<Arc<dyn Objects>>);

impl Files {
    /// Returns access to local files and to the objects of a store.
    pub fn with(objects: Arc<dyn Objects>) -> Self {
        Files(Some(objects))
    }

    /// Returns the store and the location of an object, or `None` for a local file.
    fn object<'p>(&self, path: &'p Path) -> Option<(io::Result<&dyn Objects>, &'p str)> {
        let location = path.to_str().filter(|text| text.starts_with(OBJECT))?;
        let objects = self.0.as_deref().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "the lake has no warehouse on record, so objects are out of reach",
            )
        });
        Some((objects, location))
    }

    /// Returns whether a path is that of an object.
    pub(crate) fn is_object(&self, path: &Path) -> bool {
        self.object(path).is_some()
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>> {
        let read = match self.object(path) {
            Some((objects, location)) => objects.and_then(|objects| objects.read(location)),
            None => fs::read(path),
        };
        read.map_err(failed("read", path))
    }

    /// Reads a range of an object.
    pub(crate) fn read_range(&self, path: &Path, range: Range<u64>) -> io::Result<Vec<u8>> {
        match self.object(path) {
            Some((objects, location)) => objects.and_then(|objects| objects.read_range(location, range)),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no object")),
        }
    }

    /// Writes a file that does not exist yet, and flushes it to the disk.
    pub(crate) fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        match self.object(path) {
            Some((objects, location)) => {
                objects.and_then(|objects| objects.write_new(location, bytes)).map_err(failed("write", path))
            }
            None => write_new(path, bytes),
        }
    }

    /// Creates a folder and its missing parents, each flushed into the folder above it. Objects need no folders.
    pub(crate) fn make_folders(&self, folder: &Path) -> Result<()> {
        if self.object(folder).is_some() { Ok(()) } else { make_folders(folder) }
    }

    /// Flushes the entries of a folder to the disk.
    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<()> {
        if self.object(folder).is_some() { Ok(()) } else { sync_folder(folder) }
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match self.object(path) {
            Some((objects, location)) => objects.and_then(|objects| objects.remove(location)),
            None => fs::remove_file(path),
        }
    }

    /// Returns the entries of a folder, or nothing if it is missing or is no folder. Of objects, those directly in it.
    pub(crate) fn entries(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let Some((objects, location)) = self.object(folder) else { return entries(folder) };
        let prefix = format!("{}/", location.trim_end_matches('/'));
        let listed = objects.and_then(|objects| objects.list(&prefix)).map_err(failed("list", folder))?;
        let is_direct = |path: &PathBuf| path.parent() == Some(folder);
        Ok(listed.into_iter().map(|file| file.path).filter(is_direct).collect())
    }

    /// Lists the files below a folder. Links are not followed, so no file outside of the folder is found.
    pub(crate) fn files_below(&self, folder: &Path) -> Result<Vec<ListedFile>> {
        let Some((objects, location)) = self.object(folder) else {
            let mut found = Vec::new();
            walk(folder, &mut found)?;
            return Ok(found);
        };
        let prefix = format!("{}/", location.trim_end_matches('/'));
        objects.and_then(|objects| objects.list(&prefix)).map_err(failed("list", folder))
    }

    /// Reads a metadata file, which may be compressed.
    pub(crate) fn metadata(&self, location: &str) -> Result<TableMetadata> {
        let content = self.read(&path_of(location))?;
        let io = FileIO::new_with_memory();
        let read = block_on(async {
            io.new_output(location)?.write(content.into()).await?;
            TableMetadata::read_from(&io, location).await
        })?;
        read.map_err(|error| Error::Iceberg(location.to_owned(), Box::new(error)))
    }

    /// Reads a manifest list. `table` names the table in errors.
    pub(crate) fn manifest_list(&self, table: &str, location: &str, version: FormatVersion) -> Result<ManifestList> {
        let content = self.read(&path_of(location))?;
        ManifestList::parse_with_version(&content, version)
            .map_err(|error| Error::Iceberg(table.to_owned(), Box::new(error)))
    }

    /// Reads a manifest, whose entries inherit from the manifest list. `table` names the table in errors.
    pub(crate) fn manifest(&self, table: &str, file: &ManifestFile) -> Result<Manifest> {
        let content = self.read(&path_of(&file.manifest_path))?;
        let io = FileIO::new_with_memory();
        let loaded = block_on(async {
            io.new_output(&file.manifest_path)?.write(content.into()).await?;
            file.load_manifest(&io).await
        })?;
        loaded.map_err(|error| Error::Iceberg(table.to_owned(), Box::new(error)))
    }

    /// Writes the file that one of Iceberg's writers makes. The writer gets an output in memory, so that the file appears in
    /// one step. `table` names the table in errors.
    pub(crate) fn write_with<T, F>(&self, table: &str, location: &str, make: impl FnOnce(OutputFile) -> F) -> Result<T>
    where
        F: Future<Output = iceberg::Result<T>>,
    {
        let io = FileIO::new_with_memory();
        let made = block_on(async {
            let made = make(io.new_output(location)?).await?;
            Ok((made, io.new_input(location)?.read().await?))
        })?;
        let (made, bytes) = made.map_err(|error| Error::Iceberg(table.to_owned(), Box::new(error)))?;
        self.write_new(&path_of(location), &bytes)?;
        Ok(made)
    }
}

/// Runs one of Iceberg's futures to its end. Its files are in memory and never wait, so a current-thread runtime is enough.
fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime =
        runtime.map_err(|source| Error::File { action: "start a runtime for", path: PathBuf::new(), source })?;
    Ok(runtime.block_on(future))
}

/// Returns the path of a location as text: of `file:///a`, `file:/a` or `/a` it is `/a`; an object's location is its path.
pub fn path_text(location: &str) -> &str {
    location.strip_prefix("file://").or_else(|| location.strip_prefix("file:")).unwrap_or(location)
}

/// Returns the path of a location, as [`path_text`] has it.
pub fn path_of(location: &str) -> PathBuf {
    PathBuf::from(path_text(location))
}

/// Returns whether a path lies in a folder, by its text: a path with `..` lies nowhere.
pub(crate) fn lies_in(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder) && path.components().all(|part| part != std::path::Component::ParentDir)
}

/// Returns the location of an absolute path, or of an object.
pub(crate) fn location_of(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if text.starts_with(OBJECT) => Ok(text.to_owned()),
        Some(text) if path.is_absolute() => Ok(format!("file://{text}")),
        _ => {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the path is relative or not UTF-8");
            Err(Error::File { action: "name", path: path.to_owned(), source })
        }
    }
}

fn make_folders(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("create", folder)(error));
            }
            _ => sync_folder(parent)?,
        }
    }
    Ok(())
}

/// Writes a local file that does not exist yet and flushes it to the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed("create", path))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("flush", path))
}

/// Flushes the entries of a local folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flush", folder))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    let listed = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        listed => listed.map_err(failed("list", folder))?,
    };
    listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed("list", folder))).collect()
}

fn walk(folder: &Path, found: &mut Vec<ListedFile>) -> Result<()> {
    for path in entries(folder)? {
        let metadata = fs::symlink_metadata(&path).map_err(failed("inspect", &path))?;
        if metadata.is_dir() {
            walk(&path, found)?;
        } else if metadata.is_file() {
            let modified = metadata.modified().map_err(failed("inspect", &path))?;
            found.push(ListedFile { path, bytes: metadata.len(), modified });
        }
    }
    Ok(())
}

/// Returns a function that converts an I/O error of `action` on a path.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::File { action, path: path.to_owned(), source }
}
