//! Parameters that several tasks share.

use std::path::PathBuf;

use clap::Args;

use crate::lake::{Lake, Run, RunId};
use crate::own::{self, Dialect, Encoding};
use crate::store::WarehouseArgs;
use crate::tables::iceberg::{self, CatalogArgs, Publication};
use digdag_task::{Call, Failure};

/// The lake that a task works on.
#[derive(Args, Clone, Debug)]
pub struct LakeArgs {
    /// Lake folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub(crate) lake: PathBuf,
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

/// The run that is published: the one of the workflow, or another one.
#[derive(Args, Clone, Debug)]
pub struct PublishArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Sealed run to publish, as created by preflight
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    /// Sealed run to publish instead of run_id
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) promote_run_id: Option<RunId>,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
}

impl PublishArgs {
    /// Returns the run to publish, and names it in the result.
    ///
    /// # Errors
    /// Returns a failure of class `Parameters` if neither parameter names a run.
    pub fn run_id(&self, call: &mut Call) -> Result<RunId, Failure> {
        let id = self.promote_run_id.as_ref().or(self.run_id.as_ref()).ok_or_else(|| {
            Failure::parameters("parameter run_id is missing").hint("name a sealed run; lake-status lists them")
        })?;
        call.set_run_id(id);
        Ok(id.clone())
    }

    /// Locks the lake and its Iceberg tables, also those in the warehouse.
    ///
    /// # Errors
    /// Returns an error if the lake is missing, or if another task holds its lock.
    pub fn lock(&self, warehouse: &WarehouseArgs, call: &Call) -> anyhow::Result<(Lake, Publication)> {
        let lake = self.lake.open()?;
        let publication = iceberg::lock(&lake, call.name(), &self.catalog.reaching(warehouse))?;
        Ok((lake, publication))
    }
}

/// The run that a task works on.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Run to work on, as created by preflight
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: RunId,
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

/// How an input is written, if it is a text.
#[derive(Args, Clone, Debug)]
pub struct TextArgs {
    /// Delimiter of a CSV file [default: the one of comma, semicolon, tab and bar that splits the header most often]
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,

    /// Quote of a CSV file
    #[arg(long, value_name = "CHARACTER", default_value = "\"")]
    pub(crate) quote: char,

    /// Whether the first record of a CSV file has the names of the columns [default: true]
    #[arg(long, value_name = "BOOLEAN", value_parser = digdag_task::boolean, num_args = 0..=1, default_missing_value = "true")]
    pub(crate) header: Option<bool>,

    /// Encoding of a text: utf-8, latin1, windows-1252, utf-16le [default: utf-8, or as its byte-order mark says]
    #[arg(long, value_name = "ENCODING")]
    pub(crate) encoding: Option<Encoding>,
}

impl TextArgs {
    /// Returns how a CSV file is written. With `pads`, a record may lack its last fields.
    ///
    /// # Errors
    /// Returns a failure of class `Parameters` if the delimiter is not one character.
    pub fn dialect(&self, pads: bool) -> anyhow::Result<Dialect> {
        Ok(Dialect {
            delimiter: self.delimiter.as_deref().map(own::delimiter).transpose()?,
            quote: self.quote,
            header: self.header.unwrap_or(true),
            pads,
        })
    }
}
