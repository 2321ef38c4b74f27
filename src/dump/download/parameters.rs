//! Options of the download.

use std::time::Duration;

use clap::Args;

use super::client::BaseUrl;
use crate::dump::Entity;
use digdag_task::{Switch, duration};

/// The options of `download-dumps`: entities, site and time limits.
#[derive(Args, Debug)]
pub struct DownloadOptions {
    /// Entities to fetch, separated by commas [default: all four]
    #[arg(long, value_enum, value_name = "ENTITY", value_delimiter = ',')]
    pub entities: Vec<Entity>,

    /// Fetch files again that do not match their checksum; the old ones are kept under another name
    #[arg(long)]
    pub replace: Switch,

    /// Download site, or a mirror with the same routes
    #[arg(long, value_name = "URL", default_value = "https://data.discogs.com/")]
    pub base_url: BaseUrl,

    /// Limit of the whole download, transfers and waits: 6h, 90m, 30s
    #[arg(long, value_name = "DURATION", default_value = "6h", value_parser = duration)]
    pub max_wait: Duration,

    /// Wait before the second attempt; each further wait is three times as long, five minutes at most
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub first_wait: Duration,

    /// Abort and retry a transfer slower than 1 kB/s for this long
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub stall_time: Duration,
}

impl DownloadOptions {
    /// Returns the entities to fetch, in the order of their names, without duplicates.
    pub(super) fn wanted(&self) -> Vec<Entity> {
        Entity::ALL.into_iter().filter(|one| self.entities.is_empty() || self.entities.contains(one)).collect()
    }
}
