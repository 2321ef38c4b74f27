use std::path::PathBuf;

use clap::Args;

use crate::ingest::record::{OnBadRecord, Tokeniser};
use crate::lake::RunId;
use digdag_task::{ByteSize, boolean};

/// What every ingest task takes.
#[derive(Args, Debug)]
pub struct IngestParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to write to, as preflight made it
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,

    /// Worker threads [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,

    /// What to do with a record that is not well-formed XML; skipped ones are kept in _reports
    #[arg(long, value_name = "stop|skip", default_value = "stop")]
    pub on_bad_record: OnBadRecord,

    /// What takes the XML apart: auto scans and leaves to the reference (quick-xml) what Discogs does not write;
    /// changes speed, never the result
    #[arg(long, value_name = "auto|reference", default_value = "auto")]
    pub tokeniser: Tokeniser,

    /// Replace what the run holds already, if it was made from other inputs and the run is not sealed
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub replace: bool,

    /// XML that is read and parsed at once; changes speed and memory, never the result
    #[arg(long, value_name = "SIZE", default_value = "2MiB")]
    pub block_size: ByteSize,
}

impl IngestParameters {
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
