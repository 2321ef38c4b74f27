use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::dump::{DumpFile, remember_sha256, sha256_of_dump};
use crate::lake::{Lock, lock_exclusively, make_folder, rename, sync_file};
use digdag_task::{Amount, Observer};

/// The folder of a month, this downloader's alone as long as this lives.
#[derive(Debug)]
pub(super) struct MonthFolder {
    path: PathBuf,
    _lock: Lock,
}

/// How a file of the folder stands to its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Local {
    Absent,
    Matches { bytes: u64 },
    Differs,
}

impl MonthFolder {
    /// Makes the folder if it is not there, and locks it.
    pub fn lock(path: &Path, task: &str) -> anyhow::Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
        make_folder(&path)?;
        let lock = lock_exclusively(&path.join(".download-dumps.lock"), task, &path.display().to_string())?;
        Ok(MonthFolder { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Holds a file to its checksum; read only where its hash is not remembered.
    pub fn local(&self, name: &str, sha256: &str, observer: &dyn Observer) -> anyhow::Result<Local> {
        let path = self.file(name);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(Local::Absent);
        }
        let file = DumpFile::open(&path)?;
        let progress = observer.begin(Amount::bytes(file.bytes));
        let actual = sha256_of_dump(&file, &mut |bytes| {
            progress.advance_to(bytes, &|| format!("{name} is there, verifying it"));
        })?;
        Ok(if actual == sha256 { Local::Matches { bytes: file.bytes } } else { Local::Differs })
    }

    /// Where a file is while it comes. The checksum is in the name: a part of another file is not gone on with.
    pub fn part(&self, name: &str, sha256: &str) -> PathBuf {
        self.path.join(format!(".{name}.{}.part", sha256.get(..16).unwrap_or(sha256)))
    }

    /// Removes parts of a file with another checksum than this.
    pub fn remove_other_parts(&self, name: &str, sha256: &str) -> anyhow::Result<()> {
        let keep = self.part(name, sha256);
        let entries = fs::read_dir(&self.path).with_context(|| format!("cannot list {}", self.path.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list {}", self.path.display()))?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if path != keep && file.starts_with(&format!(".{name}.")) && file.ends_with(".part") {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Puts a whole, verified part under its final name. What was there is kept under a name that no task takes for a
    /// dump, which is given.
    pub fn commit(&self, part: &Path, name: &str, sha256: &str) -> anyhow::Result<Option<PathBuf>> {
        sync_file(part)?;
        let aside = self.replace(part, name)?;
        remember_sha256(&DumpFile::open(&self.file(name))?, sha256);
        Ok(aside)
    }

    /// The same for a file that is on the disk and has no checksum.
    pub fn replace(&self, part: &Path, name: &str) -> anyhow::Result<Option<PathBuf>> {
        let target = self.file(name);
        let aside = fs::symlink_metadata(&target).is_ok().then(|| {
            let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
            self.path.join(format!("{name}.replaced-{now}"))
        });
        if let Some(aside) = &aside {
            rename(&target, aside)?;
        }
        rename(part, &target)?;
        Ok(aside)
    }
}
