//! Options of the ingest tasks.

use clap::Args;

use crate::ingest::record::{OnBadRecord, Tokeniser};
use crate::parquet::ParquetEncodings;
use digdag_task::{ByteSize, Switch};

/// The options of the tasks that ingest a dump.
#[derive(Args, Debug)]
pub struct IngestOptions {
    /// Worker threads [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,

    /// Action for a record that is not well-formed XML; skipped records are kept in _reports
    #[arg(long, value_name = "ACTION", default_value = "stop")]
    pub on_bad_record: OnBadRecord,

    /// Tokeniser of the XML: auto scans, and leaves what Discogs does not write to the reference (quick-xml); affects
    /// speed, never the result
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub tokeniser: Tokeniser,

    /// Replace tables in the run that were made from other inputs, if the run is not sealed
    #[arg(long)]
    pub replace: Switch,

    /// Encodings of the Parquet files: compact, or compatible with readers such as Spark 3.3 and fastparquet
    #[arg(long, value_name = "ENCODINGS", default_value = "compact")]
    pub parquet_encodings: ParquetEncodings,

    /// XML to read and parse at once; affects speed and memory, never the result
    #[arg(long, value_name = "SIZE", default_value = "2MiB")]
    pub block_size: ByteSize,
}

impl IngestOptions {
    /// Returns the number of worker threads.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
