use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use walkdir::WalkDir;

use super::dataset::is_plain_name;
use super::digest::{sha256_of_bytes, sha256_of_files};
use super::durable::{remove_folder_if_there, replace_file};
use super::lock;
use super::run::SealableRun;
use super::{Dataset, Producer, Run, RunId};
use crate::task::{Failure, TableCount};

/// Read by all, written by nobody.
const READ_ONLY: u32 = 0o444;

/// `_manifest.json`, the seal of a run: every file with its size and sha256, and a digest of the manifest itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of this file, 1.
    pub format: u32,
    pub run_id: RunId,
    /// UTC.
    pub sealed: jiff::Timestamp,
    pub producer: Producer,
    pub datasets: Vec<ManifestDataset>,
    /// What the checks said that let the run be sealed.
    pub checks: Value,
    /// Sorted by path.
    pub files: Vec<ManifestFile>,
    /// sha256 of this manifest with this field empty.
    pub manifest_sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestDataset {
    pub table: String,
    pub rows: u64,
    pub files: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative to the run's folder, with `/`.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
    /// The older run with which the file was one on the disk when the dataset was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<RunId>,
}

impl Manifest {
    pub(super) const FILE_NAME: &str = "_manifest.json";

    fn digest(&self) -> anyhow::Result<String> {
        let unsigned = Manifest { manifest_sha256: String::new(), ..self.clone() };
        Ok(sha256_of_bytes(&serde_json::to_vec(&unsigned)?))
    }
}

impl ManifestDataset {
    pub fn count(&self) -> TableCount {
        TableCount { name: self.table.clone(), rows: self.rows, files: self.files, bytes: self.bytes }
    }
}

impl From<TableCount> for ManifestDataset {
    fn from(count: TableCount) -> Self {
        ManifestDataset { table: count.name, rows: count.rows, files: count.files, bytes: count.bytes }
    }
}

impl SealableRun {
    /// Seals the run: verifies every file of every dataset against what was written, makes the files read-only, and
    /// writes the manifest last. `checks` is kept in it.
    pub fn seal(self, checks: Value) -> anyhow::Result<SealedRun> {
        let run = self.run().clone();
        let _lake = lock::exclusive(&run.lake().lock_file("lake"), self.task(), "the lake")?;
        remove_folder_if_there(&run.staging_folder())?;
        let listing = Listing::read(&run)?;
        let hashes = sha256_of_files(&listing.absolute(&run))?;
        let mut files: Vec<_> = listing
            .paths
            .into_iter()
            .zip(hashes)
            .map(|(path, (bytes, sha256))| ManifestFile { path, bytes, sha256, shared_with: None })
            .collect();
        let datasets = verify_datasets(&run, &mut files)?;

        for file in &files {
            let path = run.folder().join(&file.path);
            fs::set_permissions(&path, fs::Permissions::from_mode(READ_ONLY))
                .with_context(|| format!("cannot make {} read-only", path.display()))?;
        }
        let mut manifest = Manifest {
            format: 1,
            run_id: run.id().clone(),
            sealed: jiff::Timestamp::now(),
            producer: Producer::this_version(self.task()),
            datasets,
            checks,
            files,
            manifest_sha256: String::new(),
        };
        manifest.manifest_sha256 = manifest.digest()?;
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        replace_file(&run.lake().staging_folder(), &run.manifest_file(), &text)?;
        fs::set_permissions(run.manifest_file(), fs::Permissions::from_mode(READ_ONLY))
            .with_context(|| format!("cannot make {} read-only", run.manifest_file().display()))?;
        Ok(SealedRun { run, manifest })
    }
}

/// Holds the files found to what the datasets say was written, and notes which are shared.
fn verify_datasets(run: &Run, files: &mut [ManifestFile]) -> anyhow::Result<Vec<ManifestDataset>> {
    let found: BTreeMap<&str, &ManifestFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    let mut datasets = Vec::new();
    let mut shared: BTreeMap<String, RunId> = BTreeMap::new();
    let suffix = format!("/{}", Dataset::FILE_NAME);
    for table in files.iter().filter_map(|file| file.path.strip_suffix(&suffix)) {
        let dataset = Dataset::read(&run.folder().join(table))?.with_context(|| format!("{table} has gone"))?;
        if dataset.table != table || dataset.run_id != *run.id() {
            return Err(changed(run, &format!("{table} holds {} of run {}", dataset.table, dataset.run_id)));
        }
        expected.insert(format!("{table}{suffix}"), String::new());
        for file in &dataset.files {
            let path = format!("{table}/{}", file.name);
            match found.get(path.as_str()) {
                None => return Err(changed(run, &format!("{path} is missing"))),
                Some(there) if there.sha256 != file.sha256 => {
                    return Err(changed(run, &format!("{path} is not what was written")));
                }
                Some(_) => {}
            }
            expected.insert(path, file.sha256.clone());
        }
        shared.extend(dataset.shared.iter().map(|(name, run)| (format!("{table}/{name}"), run.clone())));
        datasets.push(dataset.count().into());
    }
    let stranger = files.iter().find(|file| {
        !expected.contains_key(&file.path) && file.path != "_run.json" && !file.path.starts_with("_tasks/")
    });
    match stranger {
        Some(file) => return Err(changed(run, &format!("{} belongs to no dataset", file.path))),
        None => {}
    }
    for file in files {
        file.shared_with = shared.remove(&file.path);
    }
    Ok(datasets)
}

/// A run whose manifest is there and says of itself that it is intact.
#[derive(Clone, Debug)]
pub struct SealedRun {
    run: Run,
    manifest: Manifest,
}

impl SealedRun {
    pub fn open(run: &Run) -> anyhow::Result<Self> {
        let path = run.manifest_file();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Failure::parameters(format!("run {} is not sealed", run.id()))
                    .hint("sanity-check seals a run that passes; run it first")
                    .into());
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| changed(run, &format!("{} is not a manifest: {error}", Manifest::FILE_NAME)))?;
        if manifest.run_id != *run.id() {
            return Err(changed(run, &format!("its manifest is that of run {}", manifest.run_id)));
        }
        if manifest.digest()? != manifest.manifest_sha256 {
            return Err(changed(run, "its manifest was edited"));
        }
        if let Some(file) = manifest.files.iter().find(|file| !file.path.split('/').all(is_plain_name)) {
            return Err(changed(run, &format!("its manifest names {:?}, which is outside of it", file.path)));
        }
        Ok(SealedRun { run: run.clone(), manifest })
    }

    pub fn run(&self) -> &Run {
        &self.run
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The files that are missing or have another size, without reading any.
    pub fn misfits(&self) -> Vec<&ManifestFile> {
        let fits = |file: &&ManifestFile| {
            let found = fs::symlink_metadata(self.run.folder().join(&file.path));
            found.is_ok_and(|found| found.is_file() && found.len() == file.bytes)
        };
        self.manifest.files.iter().filter(|file| !fits(file)).collect()
    }

    /// Reads every file of the run and holds it to the manifest: nothing changed, added or removed.
    pub fn verify(&self) -> anyhow::Result<()> {
        let listing = Listing::read(&self.run)?;
        let expected: BTreeMap<&str, &ManifestFile> =
            self.manifest.files.iter().map(|file| (file.path.as_str(), file)).collect();
        if let Some(path) = listing.paths.iter().find(|path| !expected.contains_key(path.as_str())) {
            return Err(changed(&self.run, &format!("{path} was added")));
        }
        if let Some(path) = expected.keys().find(|path| !listing.paths.iter().any(|there| there == *path)) {
            return Err(changed(&self.run, &format!("{path} is missing")));
        }
        let hashes = sha256_of_files(&listing.absolute(&self.run))?;
        for (path, (bytes, sha256)) in listing.paths.iter().zip(hashes) {
            let file = expected[path.as_str()];
            if file.bytes != bytes || file.sha256 != sha256 {
                return Err(changed(&self.run, &format!("{path} was changed")));
            }
        }
        Ok(())
    }
}

fn changed(run: &Run, what: &str) -> anyhow::Error {
    Failure::input(format!("run {} is not what it was: {what}", run.id()))
        .hint("do not publish it; build the month again in a new run")
        .into()
}

/// The files of a run that a manifest lists: all but the manifest, the reports and what is unfinished.
struct Listing {
    /// Relative, with `/`, sorted.
    paths: Vec<String>,
}

impl Listing {
    fn read(run: &Run) -> anyhow::Result<Self> {
        let mut paths = Vec::new();
        let root = run.folder();
        let walk = WalkDir::new(root).follow_links(false).min_depth(1).into_iter();
        let listed = walk.filter_entry(|entry| {
            entry.depth() > 1
                || !["_reports", "_staging", Manifest::FILE_NAME].iter().any(|name| entry.file_name() == *name)
        });
        for entry in listed {
            let entry = entry.with_context(|| format!("cannot list {}", root.display()))?;
            let path = relative(root, entry.path());
            if entry.file_type().is_file() {
                paths.push(path);
            } else if !entry.file_type().is_dir() {
                return Err(changed(run, &format!("{path} is neither a file nor a folder")));
            }
        }
        paths.sort();
        Ok(Listing { paths })
    }

    fn absolute(&self, run: &Run) -> Vec<PathBuf> {
        self.paths.iter().map(|path| run.folder().join(path)).collect()
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}
