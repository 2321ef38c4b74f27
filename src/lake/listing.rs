use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use walkdir::WalkDir;

use super::disk::digest::sha256_of_files;
use super::manifest::{Manifest, ManifestFile, changed};
use super::{Dataset, Run};
use digdag_task::{Amount, Observer};

/// The files of a run that a manifest lists: all but the manifest itself and the reports, which grow after the seal.
pub(super) struct Listing {
    /// Relative, with `/`, sorted.
    pub paths: Vec<String>,
    /// Where they are.
    pub folders: Vec<PathBuf>,
    /// Links, pipes and other things that are neither a file nor a folder.
    pub strangers: Vec<String>,
}

impl Listing {
    /// The files outside of the folders named in `without`. A run that holds something else than files is refused.
    pub fn read(run: &Run, without: &[&str]) -> anyhow::Result<Self> {
        let listing = Listing::read_all(run, without)?;
        match listing.strangers.first() {
            Some(path) => Err(changed(run, &format!("{path} is neither a file nor a folder"))),
            None => Ok(listing),
        }
    }

    /// The same; what is no file is listed.
    pub fn read_all(run: &Run, without: &[&str]) -> anyhow::Result<Self> {
        let root = run.folder();
        let mut listing = Listing { paths: Vec::new(), folders: vec![root.to_owned()], strangers: Vec::new() };
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
                listing.strangers.push(relative(root, entry.path()));
            }
        }
        listing.paths.sort();
        Ok(listing)
    }

    pub fn absolute(&self, run: &Run) -> Vec<PathBuf> {
        self.paths.iter().map(|path| run.folder().join(path)).collect()
    }

    /// Reads every file and returns its length and sha256.
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
    /// Every committed dataset, by table.
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
