//! The lake on disk: runs, datasets, manifests, locks, and the pointer `active`.
//!
//! ```text
//! <lake>/active -> _runs/<run_id>            what people query; moved by one rename      pointer.rs
//! <lake>/active__prev_<timestamp>            what it was before                          pointer.rs
//! <lake>/_runs/<run_id>/                     a run: grows until sealed, never changes after   run.rs
//!     <table>/part-<run_id>-00000.parquet    a dataset: not there, or whole              dataset.rs
//!     <table>/_dataset.json                  what is in it and where it came from
//!     warehouse_discogs/<table>/…            derived datasets
//!     _run.json  _tasks/*.json  _reports/    what was asked, done and found
//!     _manifest.json                         the seal: every file with its sha256, written last   manifest.rs
//!     _staging/<task>/                       everything unfinished                       staging.rs
//! <lake>/_meta/locks/                        flock files                                 lock.rs
//! <lake>/_meta/discogs_history/              events, reports and diffs over all runs     history.rs
//! <lake>/_meta/seals/<run_id>.sha256         the digest of a manifest, outside of its run   anchor.rs
//! <lake>/_meta/_staging/                     links and files of the lake itself on their way
//! <lake>/_tmp_test/<run_id>/                 the first records of a run's dumps, tried in a lake of their own   trial.rs
//! ```
//!
//! A dataset is written in `_staging`, fsynced file by file, and committed by one rename. What may be done under which
//! lock is in the types: [`WritableRun`] commits datasets, [`SealableRun`] seals, [`LockedLake`] moves `active` and prunes.
//! What happens when a step fails or is killed is in `docs/faults.md`, with the test that shows it.
//! A file whose bytes an older sealed run holds already is shared with it, one file under two names (`sharing.rs`); what
//! that saves is in `extent.rs`.

mod anchor;
mod dataset;
pub mod disk;
mod extent;
mod folder;
mod history;
mod leftovers;
mod listing;
mod manifest;
mod pointer;
mod producer;
mod retention;
mod root;
mod run;
mod run_id;
mod sealed;
mod sharing;
mod staging;
mod trial;

pub use dataset::{ColumnDescription, Counted, DataFile, Dataset, InputIdentity};

pub use disk::digest::{HashingWriter, sha256_of_file, sha256_of_file_watched, sha256_of_files};
pub use disk::durable::sync_file;
pub(crate) use disk::durable::{make_folder, rename, write_new_file};
pub use disk::free_space::free_bytes;
pub use disk::lock::Holder;
pub(crate) use disk::lock::{Lock, exclusive as lock_exclusively};
pub use dump_names::DumpMonth;
pub use extent::Extent;
pub use history::{HistoryFolder, HistoryLock, commit_folder, place_for_file, place_outside_runs};
pub use leftovers::{Leftover, Leftovers};
pub use manifest::{Manifest, ManifestDataset, ManifestFile};
pub use pointer::{LockedLake, Previous};
pub use producer::Producer;
pub use retention::{Kept, PlannedRun, PrunePlan, Retention};
pub use root::Lake;
pub use run::{Run, RunDescription, SealableRun, WritableRun};
pub use run_id::RunId;
pub use sealed::SealedRun;
pub use staging::{StagedDataset, Staging};
pub use trial::TrialFolder;
