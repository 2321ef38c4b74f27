//! The verdict that sanity-check keeps with a run, for report-active to reuse.
//!
//! The result of a check depends on the bytes of the tables, the contract, the SQL, the environment and the version of the
//! program. If all of them are what they were, the check need not run again. The comparison with the published run depends on that run as
//! well, so it is never kept; it needs the profiles only.

use std::fs;

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::profile::Profile;
use super::suite::Measured;
use super::{Finding, Findings};
use crate::contract::{Contract, Table};
use crate::lake::disk::digest::sha256_of_bytes;
use crate::lake::{Dataset, Run, SealedRun};
use crate::sql::SqlFile;

const FILE_NAME: &str = "verdict.json";

/// Folders of `sql/` that a verdict depends on.
const SQL_FOLDERS: [&str; 4] = ["checks", "profile", "reports", "functions"];

/// Digests of everything that a verdict depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictKey {
    data: String,
    contract: String,
    sql: String,
    environment: String,
    /// The checks that are written in Rust change with the version.
    version: String,
}

impl VerdictKey {
    /// Returns the key of a run as it is now.
    ///
    /// # Errors
    /// Fails if the description of a dataset cannot be read.
    pub fn of(run: &Run, contract: &Contract, environment: &str) -> anyhow::Result<Self> {
        let mut data = Vec::new();
        for table in &contract.tables {
            data.push(run.dataset(&table.folder())?.map(|dataset| digest(table, &dataset)));
        }
        let mut sql = Vec::new();
        for folder in SQL_FOLDERS {
            sql.extend(SqlFile::below(folder)?.into_iter().map(|file| (file.path, file.text)));
        }
        Ok(VerdictKey {
            data: sha256_of_bytes(&serde_json::to_vec(&data)?),
            contract: sha256_of_bytes(&serde_json::to_vec(contract)?),
            sql: sha256_of_bytes(&serde_json::to_vec(&sql)?),
            environment: environment.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

/// Everything that the checks read of a dataset: its files, and what the ingest counted.
fn digest(table: &Table, dataset: &Dataset) -> (String, String, Option<u64>, Vec<(String, u64)>) {
    let counted = &dataset.counted;
    let anomalies = counted.anomalies.iter().map(|(name, count)| (name.clone(), *count)).collect();
    (table.name.clone(), dataset.identity().sha256, counted.records, anomalies)
}

/// The findings about a run by itself, with the figures behind them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// The format of this file, 1.
    format: u32,
    key: VerdictKey,
    /// The time of the checks.
    pub checked_at: jiff::Timestamp,
    /// The results.
    pub findings: Findings,
    /// The measurements of the run.
    pub profile: Profile,
    /// The figures of the page.
    pub figures: Option<Figures>,
}

impl From<Verdict> for Measured {
    fn from(verdict: Verdict) -> Self {
        let findings = verdict.findings.iter().cloned().collect();
        Measured { findings, profile: verdict.profile, figures: verdict.figures }
    }
}

impl Verdict {
    /// Returns the verdict on the inputs of `key`.
    pub fn new(key: VerdictKey, findings: &[Finding], profile: &Profile, figures: Option<&Figures>) -> Self {
        Verdict {
            format: 1,
            key,
            checked_at: jiff::Timestamp::now(),
            findings: Findings::new(findings.to_vec()),
            profile: profile.clone(),
            figures: figures.cloned(),
        }
    }

    /// Writes the verdict to the reports of the run and returns its sha256, which the manifest keeps.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn keep(&self, run: &Run) -> anyhow::Result<String> {
        let text = serde_json::to_vec_pretty(self)?;
        run.write_report(FILE_NAME, &text)?;
        Ok(sha256_of_bytes(&text))
    }

    /// Returns the verdict of a sealed run, if it is the one that the manifest names and everything that it depends on is
    /// as it was.
    pub fn reusable(sealed: &SealedRun, key: &VerdictKey) -> Option<Self> {
        let expected = sealed.manifest().checks.get("verdict_sha256")?.as_str()?;
        let text = fs::read(sealed.run().folder().join("_reports").join(FILE_NAME)).ok()?;
        if sha256_of_bytes(&text) != expected {
            return None;
        }
        let verdict: Verdict = serde_json::from_slice(&text).ok()?;
        (verdict.format == 1 && verdict.key == *key).then_some(verdict)
    }
}
