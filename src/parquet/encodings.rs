//! The encodings of a dataset's columns: compact ones, or those that every reader knows.

use crate::lake::Producer;

const OPTION: &str = "parquet_encodings";

/// Which Parquet encodings a task writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ParquetEncodings {
    /// DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY, which Spark 3.3 and fastparquet cannot read.
    #[default]
    Compact,
    /// PLAIN and dictionaries, which every reader knows.
    Compatible,
}

impl ParquetEncodings {
    /// Returns the producer of a task that writes these encodings. They are part of the key by which a dataset is
    /// reused.
    pub fn producer(self, task: &str) -> Producer {
        let producer = Producer::this_version(task);
        match self {
            ParquetEncodings::Compact => producer,
            ParquetEncodings::Compatible => producer.with_option(OPTION, "compatible"),
        }
    }

    /// Returns the encodings that a producer writes.
    pub fn of(producer: &Producer) -> Self {
        match producer.options.get(OPTION).map(String::as_str) {
            Some("compatible") => ParquetEncodings::Compatible,
            _ => ParquetEncodings::Compact,
        }
    }
}
