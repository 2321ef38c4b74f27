//! Files that two runs share. Runs cost disk space, and most files of a rebuilt run equal those of another one. If another
//! sealed run holds a file with the same bytes, a hard link to it replaces the new copy when the dataset is committed.
//!
//! The second name cannot change what the seal covers: a sealed file is read-only, a committed file is never opened for
//! writing, and replacing or pruning a dataset removes names, not bytes. The bytes stay as long as one name is left, so no
//! run depends on another. If a link cannot be created (another file system, one without hard links, too many links), the
//! run keeps its own copy.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::disk::digest::sha256_of_file;
use super::disk::durable::{remove_file_if_there, rename};
use super::{DataFile, Dataset, Run, RunId, StagedDataset};

/// Replaces the staged files that other sealed runs hold by links; returns the dataset with the shared files.
pub(super) fn share(run: &Run, staged: &StagedDataset, dataset: &Dataset) -> anyhow::Result<Dataset> {
    let mut dataset = Dataset { shared: BTreeMap::new(), ..dataset.clone() };
    let others = files_of_others(run, &dataset);
    for file in &dataset.files {
        let Some((holder, source)) = others.get(file.sha256.as_str()) else { continue };
        if link(source, staged, file)? {
            dataset.shared.insert(file.name.clone(), holder.clone());
        }
    }
    Ok(dataset)
}

/// Maps the sha256 of each file of the same table in other sealed runs to the newest such run and the path.
fn files_of_others(run: &Run, dataset: &Dataset) -> BTreeMap<String, (RunId, PathBuf)> {
    let mut found = BTreeMap::new();
    // A run that cannot be read, because it is being pruned or is damaged, shares nothing.
    for id in run.lake().run_ids().unwrap_or_default().into_iter().filter(|id| id != run.id()) {
        let Ok(other) = run.lake().run(&id) else { continue };
        if !other.is_sealed().unwrap_or(false) {
            continue;
        }
        let Ok(Some(there)) = other.dataset(&dataset.table) else { continue };
        for (file, path) in there.files.iter().zip(other.dataset_files(&there)) {
            found.insert(file.sha256.clone(), (id.clone(), path));
        }
    }
    found
}

/// Replaces a staged file by a link to `source` if that has the same bytes; returns whether it did.
fn link(source: &PathBuf, staged: &StagedDataset, file: &DataFile) -> anyhow::Result<bool> {
    // The older file may have been damaged since it was sealed, whereas the staged copy was just written.
    let intact = sha256_of_file(source).is_ok_and(|(bytes, sha256)| bytes == file.bytes && sha256 == file.sha256);
    let read_only = fs::metadata(source).is_ok_and(|metadata| metadata.permissions().readonly());
    if !intact || !read_only {
        return Ok(false);
    }
    let written = staged.folder.join(&file.name);
    let second_name = staged.folder.join(format!("{}.shared", file.name));
    remove_file_if_there(&second_name)?;
    if fs::hard_link(source, &second_name).is_err() {
        return Ok(false);
    }
    rename(&second_name, &written)?;
    Ok(true)
}
