//! What must be true of a run, and what is found.
//!
//! ```text
//! contract.yml ─▶ generic checks (sql/checks/generic) ─┐
//! sql/checks/*.sql, a query for the rows that break it ─┼─▶ Findings ─▶ _reports/*.csv, *.json
//! _dataset.json and Parquet footers ───────────────────┘        └─▶ a failed CRITICAL: exit 3, nothing is sealed
//! ```

mod active;
mod files;
mod finding;
mod inputs;
mod query;
mod report;
mod sanity;
mod suite;

pub use active::{ReportActiveParameters, report_active};
pub use finding::{Finding, Findings, Kind};
pub use sanity::{SanityParameters, sanity_check};
