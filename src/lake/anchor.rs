//! `_meta/seals/<run_id>.sha256`: the sha256 of a run's manifest, kept outside of the run.
//!
//! The manifest lists the digests of the files, but an editor of the manifest can adjust its own digest too. So its digest
//! is also kept outside of the run's folder, where nothing that copies, mounts or cleans up that folder reaches it. It is
//! written before the manifest: a kill between the two leaves a run that is not sealed, and the next seal writes both.
//!
//! A sealed run without this file was copied from another lake, or the file was lost. Such a run can be read, but it is not
//! published until a user accepts it ([`super::SealedRun::accept`]).
//!
//! The file has the format of `sha256sum`: `cd _meta/seals && sha256sum -c *.sha256` checks every manifest of the lake.

use std::path::PathBuf;

use super::disk::digest::sha256_of_bytes;
use super::disk::durable::{remove_file_if_there, sync_folder};
use super::disk::read::{entries, read_if_exists};
use super::manifest::{Manifest, READ_ONLY};
use super::{Error, Lake, Run, RunId};

impl Lake {
    pub(super) fn anchor_file(&self, id: &RunId) -> PathBuf {
        self.seals_folder().join(format!("{id}.sha256"))
    }

    /// Returns the sha256 that the manifest of a run had when it was sealed, if the lake knows it. The run itself may be
    /// gone.
    ///
    /// # Errors
    /// Returns [`Error::NoDigest`] if the file holds none.
    pub fn known_seal(&self, id: &RunId) -> anyhow::Result<Option<String>> {
        let path = self.anchor_file(id);
        self.refuse_links(&path)?;
        let Some(text) = read_if_exists(&path)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&text);
        let digest = text.split(' ').next().filter(|digest| digest.len() == 64);
        let digest = digest.ok_or_else(|| Error::NoDigest { path: path.clone(), run: id.clone() })?;
        Ok(Some(digest.to_owned()))
    }

    /// Returns the ids of the runs whose manifests have a digest here, including runs that are gone.
    pub(super) fn anchored_ids(&self) -> anyhow::Result<Vec<RunId>> {
        let names = entries(&self.seals_folder())?;
        let id = |path: &PathBuf| path.file_name()?.to_str()?.strip_suffix(".sha256")?.parse::<RunId>().ok();
        Ok(names.iter().filter_map(id).collect())
    }

    /// Removes the digest of a manifest.
    pub(super) fn remove_anchor(&self, id: &RunId) -> anyhow::Result<()> {
        self.refuse_links(&self.seals_folder())?;
        remove_file_if_there(&self.anchor_file(id))?;
        sync_folder(&self.seals_folder())
    }
}

impl Run {
    /// Keeps the digest of a manifest.
    pub(super) fn write_anchor(&self, manifest: &[u8]) -> anyhow::Result<()> {
        let line = format!("{}  ../../_runs/{}/{}\n", sha256_of_bytes(manifest), self.id(), Manifest::FILE_NAME);
        self.lake().make_folder(&self.lake().seals_folder())?;
        self.lake().replace_file(&self.lake().anchor_file(self.id()), line.as_bytes(), READ_ONLY)
    }

    /// Returns the sha256 that the manifest had when the run was sealed, if the lake knows it.
    pub(super) fn anchor(&self) -> anyhow::Result<Option<String>> {
        self.lake().known_seal(self.id())
    }
}
