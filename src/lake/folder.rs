//! The folders within a lake. None of them may be a link, because a write or a removal below a link would leave the lake.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use super::dataset::is_plain_name;
use super::disk::durable::{WRITABLE, json_text, remove_file_if_there, rename, sync_folder, write_new_file};
use super::{Error, Lake};

impl Lake {
    /// Refuses a path if a part of it below the lake's root is a link. Missing parts pass.
    pub(super) fn refuse_links(&self, path: &Path) -> anyhow::Result<()> {
        let mut there = self.root().to_owned();
        for part in parts_below(self.root(), path)? {
            there.push(part);
            match fs::symlink_metadata(&there) {
                Ok(found) if found.is_symlink() => return Err(Error::Link { path: there }.into()),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", there.display())),
            }
        }
        Ok(())
    }

    /// Creates a folder of the lake and its missing parents, and flushes the entries that name them. Folders in a run are
    /// created by [`super::Run::make_folder`].
    pub(super) fn make_folder(&self, path: &Path) -> anyhow::Result<()> {
        self.make_folder_below(self.root(), path)
    }

    /// Creates the missing folders below `base`. If `base` itself is missing, it fails and creates nothing.
    pub(super) fn make_folder_below(&self, base: &Path, path: &Path) -> anyhow::Result<()> {
        let mut folder = base.to_owned();
        for part in parts_below(base, path)? {
            let parent = folder.clone();
            folder.push(part);
            match fs::symlink_metadata(&folder) {
                Ok(found) if found.is_dir() => continue,
                Ok(found) if found.is_symlink() => return Err(Error::Link { path: folder }.into()),
                Ok(_) => return Err(Error::NotAFolder { path: folder }.into()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
            }
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {}
                result => result.with_context(|| format!("cannot make the folder {}", folder.display()))?,
            }
            sync_folder(&parent)?;
        }
        Ok(())
    }

    /// Creates or replaces a file of the lake in one step: it is written whole in the lake's `_staging`, with its
    /// permissions, then renamed.
    pub(super) fn replace_file(&self, target: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
        let staging = self.staging_folder();
        self.make_folder(&staging)?;
        self.refuse_links(target.parent().unwrap_or(target))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = staging.join(format!("{name}.{}", std::process::id()));
        remove_file_if_there(&unfinished)?;
        let written = write_new_file(&unfinished, bytes, mode).and_then(|()| rename(&unfinished, target));
        if written.is_err() {
            // The first error is reported. After a rename whose flush failed the name is gone already.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Creates or replaces a JSON file of the lake in one step.
    pub(super) fn write_json(&self, target: &Path, value: &impl Serialize) -> anyhow::Result<()> {
        self.replace_file(target, &json_text(value)?, WRITABLE)
    }

    /// Creates or replaces a file in `_meta` in one step; returns its path.
    ///
    /// # Errors
    /// Returns an error if the name is a path, or the file cannot be written.
    pub fn keep_file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "the name of a file in _meta is a plain file name");
        let path = self.root().join("_meta").join(name);
        self.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }
}

fn parts_below<'p>(base: &Path, path: &'p Path) -> anyhow::Result<std::path::Components<'p>> {
    let below = path.strip_prefix(base);
    Ok(below.with_context(|| format!("{} is not in {}", path.display(), base.display()))?.components())
}
