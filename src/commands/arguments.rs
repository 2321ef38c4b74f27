//! Parameters that several tasks share.

use std::path::PathBuf;

use clap::Args;

use crate::lake::{Lake, Run, RunId};
use digdag_task::Call;

/// The lake that a task works on.
#[derive(Args, Clone, Debug)]
pub struct LakeArgs {
    /// Lake folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,
}

impl LakeArgs {
    /// Opens the lake.
    ///
    /// # Errors
    /// Returns an error if the folder is missing or is not a lake.
    pub fn open(&self) -> anyhow::Result<Lake> {
        Lake::open(&self.lake)
    }

    /// Opens the lake, and creates its folder if it is missing.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or is not a lake.
    pub fn create(&self) -> anyhow::Result<Lake> {
        Lake::create(&self.lake)
    }
}

/// The run that a task works on.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub lake: LakeArgs,

    /// Run to work on, as created by preflight
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,
}

impl RunArgs {
    /// Opens the run and names it in the result.
    ///
    /// # Errors
    /// Returns an error if the lake or the run is missing.
    pub fn open(&self, call: &mut Call) -> anyhow::Result<Run> {
        call.set_run_id(&self.run_id);
        self.lake.open()?.run(&self.run_id)
    }
}
