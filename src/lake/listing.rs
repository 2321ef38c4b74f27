//! The files of a run as they lie on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use walkdir::WalkDir;

use super::disk::digest::sha256_of_files;
use super::run::changed;
use super::{Dataset, Manifest, ManifestFile, Run};
use digdag_task::{Amount, Observer};

/// The files of a run that a manifest lists: all but the manifest itself and the reports, which may be added after the seal.
pub(super) struct Listing {
    /// Relative to the run, with `/`, sorted.
    pub paths: Vec<String>,
    /// The folders they are in.
    pub folders: Vec<PathBuf>,
    /// Links, FIFOs and other things that are neither a file nor a folder.
    pub irregular: Vec<String>,
}

impl Listing {
    /// Lists the files outside of the folders named in `without`.
    ///
    /// # Errors
    /// Returns an error if the run holds anything but files and folders, or cannot be listed.
    pub fn read(run: &Run, without: &[&str]) -> anyhow::Result<Self> {
        let listing = Listing::read_all(run, without)?;
        match listing.irregular.first() {
            Some(path) => Err(changed(run, format!("{path} is neither a file nor a folder"))),
            None => Ok(listing),
        }
    }

    /// Like [`Listing::read`], but lists in `irregular` what is neither a file nor a folder.
    ///
    /// # Errors
    /// Returns an error if the run cannot be listed.
    pub fn read_all(run: &Run, without: &[&str]) -> anyhow::Result<Self> {
        let root = run.folder();
        let mut listing = Listing { paths: Vec::new(), folders: vec![root.to_owned()], irregular: Vec::new() };
        let walk = WalkDir::new(root).follow_links(false).min_depth(1).into_iter();
        let listed = walk.filter_entry(|entry| {
            let name = entry.file_name();
            let skipped = name == "_reports" || without.iter().any(|folder| name == *folder);
            let left_out = match entry.file_type() {
                kind if kind.is_dir() => skipped,
                kind => kind.is_file() && name == Manifest::FILE_NAME,
            };
            entry.depth() > 1 || !left_out
        });
        for entry in listed {
            let entry = entry.with_context(|| format!("cannot list {}", root.display()))?;
            if entry.file_type().is_file() {
                listing.paths.push(relative(root, entry.path()));
            } else if entry.file_type().is_dir() {
                listing.folders.push(entry.path().to_owned());
            } else {
                listing.irregular.push(relative(root, entry.path()));
            }
        }
        listing.paths.sort();
        Ok(listing)
    }

    /// Returns the paths of the files.
    pub fn absolute(&self, run: &Run) -> Vec<PathBuf> {
        self.paths.iter().map(|path| run.folder().join(path)).collect()
    }

    /// Reads every file and returns its size and sha256.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read.
    pub fn hashed(&self, run: &Run, observer: &dyn Observer) -> anyhow::Result<Vec<ManifestFile>> {
        let paths = self.absolute(run);
        let total = paths.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
        let progress = observer.begin(Amount::bytes(total));
        let hashes =
            sha256_of_files(&paths, &|bytes| progress.advance_to(bytes, &|| format!("verifying run {}", run.id())))?;
        let files = self.paths.iter().cloned().zip(hashes);
        Ok(files.map(|(path, (bytes, sha256))| ManifestFile { path, bytes, sha256 }).collect())
    }
}

impl Run {
    /// Returns every committed dataset, sorted by table.
    ///
    /// # Errors
    /// Returns an error if the run cannot be listed or a description cannot be read.
    pub fn datasets(&self) -> anyhow::Result<Vec<Dataset>> {
        let listing = Listing::read_all(self, &["_staging"])?;
        let suffix = format!("/{}", Dataset::FILE_NAME);
        let tables = listing.paths.iter().filter_map(|path| path.strip_suffix(&suffix));
        tables.filter_map(|table| self.dataset(table).transpose()).collect()
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}
