use std::fs::File;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::stop::{self, Unfinished};

/// An empty folder of this process for what is thrown away at its end, a signal's too. It is locked as long as it lives:
/// whoever tidies up leaves it alone.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    _unfinished: Unfinished,
    _lock: Option<File>,
}

impl Scratch {
    /// A folder in `parent` whose name begins with `prefix`.
    pub fn in_folder(parent: &Path, prefix: &str) -> anyhow::Result<Self> {
        // A signal in between would leave a folder that nobody knows.
        let _known = stop::hold();
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent);
        let folder = folder.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        // Where folders cannot be locked, its age has to tell.
        let lock = File::open(folder.path()).ok().filter(|opened| opened.lock_shared().is_ok());
        Ok(Scratch { _unfinished: Unfinished::new(folder.path()), _lock: lock, folder })
    }

    /// A folder where the system has temporary files.
    pub fn of_the_system(prefix: &str) -> anyhow::Result<Self> {
        Scratch::in_folder(&std::env::temp_dir(), prefix)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
