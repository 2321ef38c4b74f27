//! `_run.json`: the parameters a run began with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::read::read_if_exists;
use super::format::refuse_newer;
use super::{DumpMonth, Error, InputIdentity, RunId};

/// The parameters a run began with. preflight writes them; only the paths of the dumps may change afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDescription {
    /// The format of this file, [`RunDescription::FORMAT`].
    pub format: u32,
    /// The run.
    pub run_id: RunId,
    /// The month of the dumps.
    pub dump_month: DumpMonth,
    /// The date in the dump files' names, `YYYYMMDD`.
    pub dump_date: String,
    /// The mode of the workflow: `dev`, `prod`, `history`.
    pub run_mode: String,
    /// The time of preflight.
    pub created: jiff::Timestamp,
    /// Entity → the dump file found for it.
    pub dumps: BTreeMap<String, PathBuf>,
    /// Entity → name, size and sha256 of the dump, if a CHECKSUM file lists it.
    pub checksums: BTreeMap<String, InputIdentity>,
    /// The version of the program.
    pub version: String,
}

impl RunDescription {
    pub(super) const FILE_NAME: &str = "_run.json";

    /// The newest format of this file that this version reads, and the one that it writes.
    pub const FORMAT: u32 = 1;

    /// Reads the description in the folder of a run; returns `None` if there is none.
    pub(super) fn read(run: &Path) -> anyhow::Result<Option<Self>> {
        let path = run.join(Self::FILE_NAME);
        let Some(text) = read_if_exists(&path)? else { return Ok(None) };
        refuse_newer(&path, &text, Self::FORMAT)?;
        let description = serde_json::from_slice(&text).map_err(|source| Error::NoRunDescription { path, source })?;
        Ok(Some(description))
    }

    /// Returns the first difference of the dumps in words, or `None` if they are the same. Time, version and mode do not
    /// matter to a rerun, nor do the paths of dumps that a CHECKSUM file identifies.
    pub(super) fn difference(&self, other: &RunDescription) -> Option<String> {
        if self.dump_month != other.dump_month {
            return Some(format!("the month {}, not for {}", self.dump_month, other.dump_month));
        }
        if self.dumps != other.dumps && self.dump_date != other.dump_date {
            return Some(format!("the dumps of {}, not those of {}", self.dump_date, other.dump_date));
        }
        self.dumps.iter().find_map(|(entity, path)| {
            let asked = other.dumps.get(entity)?;
            match (self.checksums.get(entity), other.checksums.get(entity)) {
                (Some(was), Some(is)) if was.name == is.name && was.same_content(is) => None,
                (Some(was), Some(is)) if path == asked => {
                    Some(format!("a {} whose sha256 is {}, not {}", path.display(), was.sha256, is.sha256))
                }
                _ if path == asked => None,
                _ => Some(format!("{}, not for {}", path.display(), asked.display())),
            }
        })
    }
}
