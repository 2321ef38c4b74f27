use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::client::BaseUrl;
use crate::dump::Entity;
use crate::lake::DumpMonth;
use digdag_task::{Failure, boolean, duration};

/// What download-dumps takes.
#[derive(Args, Debug)]
pub struct DownloadParameters {
    /// Has to be true for anything to be fetched: a month is 12 GB
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub do_download: bool,

    /// The month of the dumps
    #[arg(long, value_name = "YYYY-MM")]
    pub dump_month: Option<DumpMonth>,

    /// Where the dumps go: <raw_root>/<dump_month>/; made if it is not there
    #[arg(long, env = "DISCOGS_RAW", value_name = "FOLDER")]
    pub raw_root: Option<PathBuf>,

    /// Only these, separated by commas [default: all four]
    #[arg(long, value_enum, value_name = "ENTITY", value_delimiter = ',')]
    pub entities: Vec<Entity>,

    /// Say which months the site has (those of dump_month's year, else of the newest), and fetch nothing
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub list: bool,

    /// Fetch anew what is there and does not match its checksum; what was there is kept under another name
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub replace: bool,

    /// The site, or a mirror with the same routes
    #[arg(long, value_name = "URL", default_value = "https://data.discogs.com/")]
    pub base_url: BaseUrl,

    /// How long all of it may take, transfers and waits: 6h, 90m, 30s
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = duration)]
    pub max_wait: Duration,

    /// The wait before the second try; each further one waits three times as long, five minutes at most
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub first_wait: Duration,

    /// A transfer that brings nothing, or less than a kilobyte a second, for this long is cut and tried again
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub stall_time: Duration,
}

impl DownloadParameters {
    pub(super) fn month(&self) -> Result<&DumpMonth, Failure> {
        self.dump_month.as_ref().ok_or_else(|| {
            Failure::parameters("parameter dump_month is missing")
                .hint("name the month, such as 2026-11; --list shows which there are")
        })
    }

    /// The folder of the month.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        let raw_root = self.raw_root.as_ref().ok_or_else(|| {
            Failure::parameters("parameter raw_root is missing").hint("set it to the folder that holds <dump_month>/")
        })?;
        Ok(raw_root.join(self.month()?.as_str()))
    }

    /// In the order of their names, each once.
    pub(super) fn wanted(&self) -> Vec<Entity> {
        Entity::ALL.into_iter().filter(|one| self.entities.is_empty() || self.entities.contains(one)).collect()
    }
}
