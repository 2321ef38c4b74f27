//! The lake that the workflow publishes from the real records of a month, and what is expected of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::workflow::run_workflow;
use crate::support::{Dir, Finished, Table, sample_dumps};

pub const MONTHS: [&str; 3] = ["2017-04", "2020-08", "2025-01"];

/// A month of real records, published.
pub struct PublishedMonth {
    pub month: &'static str,
    pub workflow: Finished,
    dir: Dir,
    expected: PathBuf,
}

/// Runs a test on each month of real records; all months, before it fails.
#[track_caller]
pub fn on_each_month(test: impl Fn(&PublishedMonth) + std::panic::RefUnwindSafe) {
    let failed: Vec<_> = published().iter().filter(|month| std::panic::catch_unwind(|| test(month)).is_err()).collect();
    let failed: Vec<_> = failed.iter().map(|month| month.month).collect();
    assert!(failed.is_empty(), "failed for {failed:?}");
}

/// The months, published once for all tests; none where the real records are missing.
pub fn published() -> &'static [PublishedMonth] {
    static PUBLISHED: OnceLock<Vec<PublishedMonth>> = OnceLock::new();
    PUBLISHED.get_or_init(|| match sample_dumps() {
        Some(dumps) => MONTHS.map(|month| PublishedMonth::publish(month, &dumps)).into(),
        None => Vec::new(),
    })
}

impl PublishedMonth {
    fn publish(month: &'static str, dumps: &std::path::Path) -> PublishedMonth {
        let expected = dumps.join("../expected").join(month);
        assert!(expected.is_dir(), "the expected tables are not in {}", expected.display());
        let dir = Dir::shared();
        fs::create_dir(dir.path("raw")).unwrap();
        symlink(dumps.join(month), dir.path("raw").join(month)).unwrap();
        let mut command = run_workflow(&dir, "main.dig");
        for parameter in [
            format!("dump_month={month}"),
            format!("raw_root={}", dir.path("raw").display()),
            format!("lake={}", dir.path("lake").display()),
            "environment=sample".to_owned(),
            "run_mode=prod".to_owned(),
            "allow_promote=true".to_owned(),
        ] {
            command.args(&["-p", &parameter]);
        }
        PublishedMonth { month, workflow: command.run(), expected, dir }
    }

    pub fn lake(&self) -> PathBuf {
        self.dir.path("lake")
    }

    /// A table as people query it.
    pub fn active(&self, table: &str) -> Table {
        Table::read(&self.lake().join("active").join(table))
    }

    /// A table as the pipelines before this one wrote it.
    pub fn expected(&self, table: &str) -> Table {
        let dir = Dir::new();
        fs::create_dir(dir.path(table)).unwrap();
        symlink(self.expected.join(format!("{table}.parquet")), dir.path(table).join("data.parquet")).unwrap();
        Table::read(&dir.path(table))
    }
}
