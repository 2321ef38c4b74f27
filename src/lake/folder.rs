//! The folders within a lake. None of them may be a link: what is written or removed below one would be outside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::dataset::is_plain_name;
use super::disk::durable::{WRITABLE, remove_file_if_there, rename, sync_folder, write_new_file};
use super::{Lake, Run};
use digdag_task::Failure;

impl Lake {
    /// Refuses a path on which a part below the lake's root is a link. Parts that are not there yet are fine.
    pub(super) fn refuse_links(&self, path: &Path) -> anyhow::Result<()> {
        let mut there = self.root().to_owned();
        for part in parts_below(self.root(), path)? {
            there.push(part);
            match fs::symlink_metadata(&there) {
                Ok(found) if found.is_symlink() => return Err(is_a_link(&there).into()),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", there.display())),
            }
        }
        Ok(())
    }

    /// Makes a folder of the lake and its missing parents, and flushes what names them. What is in a run is made by
    /// [`Run::make_folder`].
    pub(super) fn make_folder(&self, path: &Path) -> anyhow::Result<()> {
        self.make_folder_below(self.root(), path)
    }

    /// Makes what is missing below a folder that is there. Where that is gone it fails, and makes nothing.
    fn make_folder_below(&self, base: &Path, path: &Path) -> anyhow::Result<()> {
        let mut folder = base.to_owned();
        for part in parts_below(base, path)? {
            let parent = folder.clone();
            folder.push(part);
            match fs::symlink_metadata(&folder) {
                Ok(found) if found.is_dir() => continue,
                Ok(found) if found.is_symlink() => return Err(is_a_link(&folder).into()),
                Ok(_) => {
                    return Err(Failure::input(format!("{} is not a folder", folder.display()))
                        .hint("the lake wants a folder of that name; move away what is in its place")
                        .into());
                }
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

    /// Puts a file of the lake in place in one step, whether or not there was one: whole in the lake's `_staging`
    /// first, with its permissions, then renamed.
    pub(super) fn replace_file(&self, target: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
        let staging = self.staging_folder();
        self.make_folder(&staging)?;
        self.refuse_links(target.parent().unwrap_or(target))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = staging.join(format!("{name}.{}", std::process::id()));
        remove_file_if_there(&unfinished)?;
        let written = write_new_file(&unfinished, bytes, mode).and_then(|()| rename(&unfinished, target));
        if written.is_err() {
            // The error is what counts. A name that was taken over by the rename is not there any more.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Puts a file of the lake's own in `_meta` in place, whole. Gives its path.
    pub fn keep_file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "the name of a file in _meta is a plain file name");
        let path = self.root().join("_meta").join(name);
        self.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }
}

impl Run {
    /// Makes a folder in the run. A run that was pruned meanwhile is not made again.
    pub(super) fn make_folder(&self, path: &Path) -> anyhow::Result<()> {
        self.look_up_again()?;
        self.lake().make_folder_below(self.folder(), path)
    }
}

fn parts_below<'p>(base: &Path, path: &'p Path) -> anyhow::Result<std::path::Components<'p>> {
    let below = path.strip_prefix(base);
    Ok(below.with_context(|| format!("{} is not in {}", path.display(), base.display()))?.components())
}

/// Why a link within the lake is not followed.
pub(super) fn is_a_link(path: &Path) -> Failure {
    Failure::input(format!("{} is a link, and a link here may lead out of the lake", path.display()))
        .hint("remove the link; to use another disk, move the whole lake there or mount the disk in place")
}
