//! `_meta/seals/<run_id>.sha256`: the sha256 of a run's manifest, kept outside of the run.
//!
//! The manifest says what the files are, but whoever edits it can make it agree with itself again. So its digest is kept
//! where nothing that copies, mounts or tidies a run's folder comes by. It is written before the manifest: a kill between
//! the two leaves a run that is not sealed, and sealing it again writes both anew.
//!
//! A sealed run without one was copied from another lake, or the file was lost. Such a run can be read, and it is not
//! published until somebody says that it is meant ([`super::SealedRun::accept`]).
//!
//! The file is as `sha256sum` writes it: `cd _meta/seals && sha256sum -c *.sha256` checks every manifest of the lake.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use super::disk::digest::sha256_of_bytes;
use super::disk::durable::{remove_file_if_there, sync_folder};
use super::manifest::{Manifest, READ_ONLY};
use super::{Lake, Run, RunId};
use digdag_task::Failure;

impl Lake {
    pub(super) fn anchor_file(&self, id: &RunId) -> PathBuf {
        self.seals_folder().join(format!("{id}.sha256"))
    }

    /// The runs that have an anchor, whether or not they are there.
    pub(super) fn anchored_ids(&self) -> anyhow::Result<Vec<RunId>> {
        let folder = self.seals_folder();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.with_context(|| format!("cannot list {}", folder.display()))?.file_name();
            ids.extend(name.to_str().and_then(|name| name.strip_suffix(".sha256")?.parse::<RunId>().ok()));
        }
        ids.sort();
        Ok(ids)
    }

    pub(super) fn remove_anchor(&self, id: &RunId) -> anyhow::Result<()> {
        self.refuse_links(&self.seals_folder())?;
        remove_file_if_there(&self.anchor_file(id))?;
        sync_folder(&self.seals_folder())
    }
}

impl Run {
    pub(super) fn write_anchor(&self, manifest: &[u8]) -> anyhow::Result<()> {
        let line = format!("{}  ../../_runs/{}/{}\n", sha256_of_bytes(manifest), self.id(), Manifest::FILE_NAME);
        self.lake().make_folder(&self.lake().seals_folder())?;
        self.lake().replace_file(&self.lake().anchor_file(self.id()), line.as_bytes(), READ_ONLY)
    }

    /// The sha256 that the manifest had when the run was sealed, where that is known.
    pub(super) fn anchor(&self) -> anyhow::Result<Option<String>> {
        let path = self.lake().anchor_file(self.id());
        self.lake().refuse_links(&path)?;
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let digest = text.split(' ').next().filter(|digest| digest.len() == 64).ok_or_else(|| {
            Failure::input(format!("{} is not a sha256 and a file name", path.display())).hint(format!(
                "if the run is known to be good, remove the file and run verify-run --run-id {} --accept-seal",
                self.id()
            ))
        })?;
        Ok(Some(digest.to_owned()))
    }
}
