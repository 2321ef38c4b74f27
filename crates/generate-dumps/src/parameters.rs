//! The parameters of `generate-dumps`.

use std::path::PathBuf;

use clap::{Command, Parser, value_parser};

use super::{Counts, DumpMonth, Entity, Layout, Plan};
use digdag_task::{Project, Switch};
use lake_layout::kept_by_a_lake;

/// The task contract of this program.
pub const PROJECT: Project =
    Project { prefix: "DISCOGS_", own_names: &["raw_root", "dump_month"], protected: kept_by_a_lake };

/// Returns the command of this program, for manuals and completions.
pub fn command() -> Command {
    PROJECT.command::<Parameters>()
}

const EXAMPLE: &str = "\
Reads nothing. Writes into <raw_root>/<dump_month>/
  discogs_YYYYMMDD_{artists,labels,masters,releases}.xml.gz and, last,
  discogs_YYYYMMDD_CHECKSUM.txt

Names and texts are invented; layout, vocabulary and anomalies are those of the real dumps.
The same parameters give the same bytes anywhere. A larger dump begins with the records of a
smaller one (from 200 releases on). A file that exists with the same content is left alone; one
with other content is an error unless --replace=true.

Example: a month to try things with, ten thousand releases, about 45 MB of XML, enough for
sanity-check in prod
  generate-dumps --raw-root /tmp/raw --dump-month 2026-08
A gigabyte of releases, for measuring
  generate-dumps --raw-root /tmp/raw --dump-month 2026-07 --releases 300000";

/// Write invented Discogs dumps of a month
#[derive(Parser)]
#[command(name = "generate-dumps", version, after_help = EXAMPLE)]
pub struct Parameters {
    /// Folder that holds a folder for each month
    #[arg(long, env = "DISCOGS_RAW", value_name = "FOLDER")]
    raw_root: PathBuf,

    /// Month of the dumps, YYYY-MM
    #[arg(long)]
    dump_month: DumpMonth,

    /// Day in the file names
    #[arg(long, default_value_t = 1, value_parser = value_parser!(i8).range(1..=31))]
    dump_day: i8,

    /// Number of releases
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    releases: u64,

    /// Number of artists [default: 0.53 for each release, as in 2026-08]
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    artists: Option<u64>,

    /// Number of labels [default: 0.124 for each release]
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    labels: Option<u64>,

    /// Number of masters [default: 0.133 for each release]
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    masters: Option<u64>,

    /// Random seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Layout of the dumps
    #[arg(long, value_enum, default_value_t = Layout::Current)]
    layout: Layout,

    /// Put an element and an attribute that no table reads into a few records
    #[arg(long)]
    unknown_element: Switch,

    /// gzip level, 0 to 9
    #[arg(long, default_value_t = 6, value_parser = value_parser!(u32).range(0..=9))]
    compression: u32,

    /// Only these entities, separated by commas [default: all four]
    #[arg(long, value_enum, value_delimiter = ',')]
    entities: Vec<Entity>,

    /// Replace files that have other content
    #[arg(long)]
    replace: Switch,
}

impl Parameters {
    /// Returns the plan of the month that these parameters describe.
    pub fn plan(self) -> Plan {
        let usual = Counts::for_releases(self.releases);
        let mut entities = if self.entities.is_empty() { Entity::ALL.to_vec() } else { self.entities };
        entities.sort_unstable();
        entities.dedup();
        Plan {
            raw_root: self.raw_root,
            month: self.dump_month,
            day: self.dump_day,
            counts: Counts {
                artists: self.artists.unwrap_or(usual.artists),
                labels: self.labels.unwrap_or(usual.labels),
                masters: self.masters.unwrap_or(usual.masters),
                releases: self.releases,
            },
            seed: self.seed,
            layout: self.layout,
            unknown_element: self.unknown_element.is_on(),
            compression: self.compression,
            entities,
            replace: self.replace.is_on(),
        }
    }
}
