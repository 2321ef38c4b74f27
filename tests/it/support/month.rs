use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Dir, binary};

pub const ENTITIES: [&str; 4] = ["artists", "labels", "masters", "releases"];

/// Invented dumps of a month, which tests read and never change. They stay in cargo's folder for tests, because every
/// process generates the same bytes.
pub struct Month {
    raw_root: PathBuf,
    month: String,
}

/// The dumps of 2026-11 that most tests read: 300 releases.
pub fn month() -> &'static Month {
    static MONTH: OnceLock<Month> = OnceLock::new();
    MONTH.get_or_init(|| Month::generate("2026-11", &["--releases", "300"]))
}

impl Month {
    pub fn generate(month: &str, further: &[&str]) -> Month {
        let name = format!("dumps{}", further.concat().replace(['/', ','], "-"));
        let raw_root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut arguments = vec!["--raw-root", raw_root.to_str().unwrap(), "--dump-month", month, "--replace", "true"];
        arguments.extend(further);
        Dir::new().command(binary("generate-dumps")).args(&arguments).run().expect_status(0);
        Month { raw_root, month: month.to_owned() }
    }

    /// Real dumps of a month below a folder.
    pub fn at(raw_root: &Path, month: &str) -> Month {
        Month { raw_root: raw_root.to_owned(), month: month.to_owned() }
    }

    pub fn name(&self) -> &str {
        &self.month
    }

    pub fn raw_root(&self) -> &Path {
        &self.raw_root
    }

    pub fn folder(&self) -> PathBuf {
        self.raw_root.join(&self.month)
    }

    pub fn dump(&self, entity: &str) -> PathBuf {
        self.folder().join(format!("discogs_{}01_{entity}.xml.gz", self.month.replace('-', "")))
    }
}
