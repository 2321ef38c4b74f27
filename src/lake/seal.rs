//! Sealing a run: its files are verified, made read-only and flushed, and the manifest is written last.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Context;
use serde_json::Value;

use super::disk::durable::{json_text, remove_folder_if_there, sync_all};
use super::disk::lock;
use super::listing::Listing;
use super::manifest::READ_ONLY;
use super::run::changed;
use super::{Dataset, Manifest, ManifestDataset, ManifestFile, Producer, Run, SealableRun, SealedRun};
use digdag_task::Observer;

impl SealableRun {
    /// Seals the run: verifies every file of every dataset, makes the files read-only, flushes them and their folders,
    /// writes the manifest's digest outside of the run, and the manifest last. The manifest keeps `checks`. Blocks while
    /// another process holds the lake's lock, because the checks before may have taken hours.
    ///
    /// # Errors
    /// Returns [`super::Error::Changed`] if a file is not what was written, and an error if a write or a flush fails. Without the
    /// manifest the run is not sealed.
    pub fn seal(&self, checks: Value, observer: &dyn Observer) -> anyhow::Result<SealedRun> {
        let run = self.run().clone();
        let _lake = lock::waiting(&run.lake().lock_file("lake")?, self.task(), "the lake", &|locked| {
            observer.note(format_args!("waits: {locked}"));
        })?;
        remove_folder_if_there(&run.staging_folder())?;
        let listing = Listing::read(&run, &[])?;
        let files = listing.hashed(&run, observer)?;
        let datasets = verify_datasets(&run, &files)?;

        for path in listing.absolute(&run) {
            fs::set_permissions(&path, fs::Permissions::from_mode(READ_ONLY))
                .with_context(|| format!("cannot make {} read-only", path.display()))?;
        }
        sync_all(run.folder(), &listing.folders)?;
        let mut manifest = Manifest {
            format: Manifest::FORMAT,
            run_id: run.id().clone(),
            sealed: jiff::Timestamp::now(),
            producer: Producer::this_version(self.task()),
            datasets,
            checks,
            files,
            manifest_sha256: String::new(),
        };
        manifest.manifest_sha256 = manifest.digest()?;
        let text = json_text(&manifest)?;
        run.write_anchor(&text)?;
        run.lake().replace_file(&run.manifest_file(), &text, READ_ONLY)?;
        Ok(SealedRun { run, manifest, text, anchored: true })
    }
}

impl Run {
    /// Reads every file of a run that is not sealed and compares it with what its datasets list.
    ///
    /// # Errors
    /// Returns [`super::Error::Changed`] with the first difference.
    pub fn verify_datasets(&self, observer: &dyn Observer) -> anyhow::Result<Vec<ManifestDataset>> {
        let listing = Listing::read(self, &["_staging"])?;
        verify_datasets(self, &listing.hashed(self, observer)?)
    }
}

/// Compares the files of a run with what its datasets list.
fn verify_datasets(run: &Run, files: &[ManifestFile]) -> anyhow::Result<Vec<ManifestDataset>> {
    let found: BTreeMap<&str, &ManifestFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    let mut datasets = Vec::new();
    let suffix = format!("/{}", Dataset::FILE_NAME);
    for table in files.iter().filter_map(|file| file.path.strip_suffix(&suffix)) {
        let dataset = Dataset::read(&run.folder().join(table))?.with_context(|| format!("{table} is missing"))?;
        if dataset.table != table || dataset.run_id != *run.id() {
            return Err(changed(run, format!("{table} holds {} of run {}", dataset.table, dataset.run_id)));
        }
        expected.insert(format!("{table}{suffix}"), String::new());
        for file in &dataset.files {
            let path = format!("{table}/{}", file.name);
            match found.get(path.as_str()) {
                None => return Err(changed(run, format!("{path} is missing"))),
                Some(there) if there.sha256 != file.sha256 => {
                    return Err(changed(run, format!("{path} is not what was written")));
                }
                Some(_) => {}
            }
            expected.insert(path, file.sha256.clone());
        }
        datasets.push(ManifestDataset { shared: dataset.shared.clone(), ..dataset.count().into() });
    }
    let unlisted = files.iter().find(|file| {
        !expected.contains_key(&file.path) && file.path != "_run.json" && !file.path.starts_with("_tasks/")
    });
    match unlisted {
        Some(file) => Err(changed(run, format!("{} belongs to no dataset", file.path))),
        None => Ok(datasets),
    }
}
