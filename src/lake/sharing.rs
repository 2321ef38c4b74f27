//! Kept runs cost disk, and a rebuilt run holds mostly what an older one does. A file that an older sealed run holds with
//! the same bytes becomes a second name of that file (a hard link) when its dataset is committed.
//!
//! Nothing can change through the second name what the seal covers: a sealed file is read-only, a committed file is never
//! opened for writing, and replacing or pruning a dataset removes names, not bytes. The bytes stay as long as one name is
//! left, so no run depends on another. Where a link cannot be made (another file system, one without hard links, too many
//! links) the run keeps the copy that it has written anyway.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::disk::digest::sha256_of_file;
use super::disk::durable::{remove_file_if_there, rename};
use super::{DataFile, Dataset, Run, RunId, StagedDataset};

/// Puts links in place of the staged files that older sealed runs hold. Gives the dataset with what is shared.
pub(super) fn share(run: &Run, staged: &StagedDataset, dataset: &Dataset) -> anyhow::Result<Dataset> {
    let mut dataset = Dataset { shared: BTreeMap::new(), ..dataset.clone() };
    let older = older_files(run, &dataset);
    for file in &dataset.files {
        let Some((holder, source)) = older.get(file.sha256.as_str()) else { continue };
        if link(source, staged, file)? {
            dataset.shared.insert(file.name.clone(), holder.clone());
        }
    }
    Ok(dataset)
}

/// sha256 → the newest other sealed run that says it holds it in the same table, and the file.
fn older_files(run: &Run, dataset: &Dataset) -> BTreeMap<String, (RunId, PathBuf)> {
    let mut found = BTreeMap::new();
    // A run that cannot be read, because it is being pruned or is broken, has nothing to share.
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

/// Replaces the staged file by a link to `source`, if that really has its bytes. Gives whether it did.
fn link(source: &PathBuf, staged: &StagedDataset, file: &DataFile) -> anyhow::Result<bool> {
    // What the older run was and what its disk still holds may differ; our own copy is known to be right.
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
