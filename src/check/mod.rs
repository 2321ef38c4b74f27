//! The checks of a run and their findings.
//!
//! ```text
//! contract.yml ─▶ generic checks (sql/checks/generic) ─┐ catalogue.rs query.rs; counted in one pass by scan/
//! sql/checks/*.sql, a query for the rows that break it ─┤
//! _dataset.json and Parquet footers ────────────────────┤ files.rs ingested.rs
//! profile: figures of every column (sql/profile) ───────┤ profile.rs texts.rs
//!    └─ against the profile of the published run ───────┴▶ Findings ─▶ _reports/       report/
//!       baseline.rs drift.rs schema.rs                        └─▶ a failed CRITICAL: exit 3, nothing is sealed
//! ```
//!
//! A finding is of one of three kinds ([`Kind`]): an error of the pipeline, a known anomaly of upstream, or drift from the
//! published run.

mod baseline;
mod catalogue;
mod drift;
mod figures;
mod files;
mod finding;
mod ingested;
mod inputs;
pub(crate) mod profile;
pub(crate) mod published;
mod query;
pub(crate) mod report;
mod scan;
pub(crate) mod schema;
#[cfg(test)]
mod statement;
pub(crate) mod suite;
mod texts;
pub(crate) mod verdict;

pub use finding::{Finding, Findings, Kind};
