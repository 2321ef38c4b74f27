//! Options of the ingest tasks.

use clap::Args;

use crate::ingest::record::{OnBadRecord, Tokeniser};
use crate::parquet::ParquetEncodings;
use digdag_task::{ByteSize, Switch};

/// How a dump is read.
#[derive(Args, Debug)]
pub struct IngestOptions {
    /// Worker threads [default: number of cores]
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
    #[arg(long)]
    pub replace: Switch,

    /// Encodings of the Parquet files: compact, or compatible with readers such as Spark 3.3 and fastparquet
    #[arg(long, value_name = "compact|compatible", default_value = "compact")]
    pub parquet_encodings: ParquetEncodings,

    /// XML that is read and parsed at once; changes speed and memory, never the result
    #[arg(long, value_name = "SIZE", default_value = "2MiB")]
    pub block_size: ByteSize,
}

impl IngestOptions {
    /// Returns the number of worker threads.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
