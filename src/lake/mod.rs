//! The lake on disk: runs, datasets, manifests, locks, and the pointer `active`.
//!
//! ```text
//! <lake>/active -> _runs/<run_id>            the published run; moved by one rename            pointer.rs
//! <lake>/active__prev_<timestamp>            an earlier target of active                       pointer.rs
//! <lake>/_runs/<run_id>/                     a run: grows until sealed, never changes after    run.rs, writable.rs
//!     <table>/part-<run_id>-00000.parquet    a dataset: missing or complete                    dataset.rs
//!     <table>/_dataset.json                  its rows, files, inputs and producer
//!     warehouse_discogs/<table>/…            derived datasets
//!     _run.json                              the parameters the run began with                 description.rs
//!     _tasks/*.json  _reports/               outcomes of tasks, reports of checks
//!     _manifest.json                         the seal: every file with its sha256, written last   manifest.rs, seal.rs
//!     _staging/<task>/                       unfinished work                                   staging.rs
//! <lake>/_meta/locks/                        flock files                                       disk/lock.rs
//! <lake>/_meta/discogs_history/              events, reports and differences over all runs     history.rs
//! <lake>/_meta/seals/<run_id>.sha256         the digest of a manifest, outside of its run      anchor.rs
//! <lake>/_meta/catalog.sqlite                the pointers of the Iceberg tables                catalog.rs
//! <lake>/_tables/<namespace>/<table>/        their metadata; the data files stay in the runs
//! <lake>/_meta/uploads/<run_id>.jsonl        uploads to object storage that are not complete           transfer.rs
//! <lake>/_meta/server/                       jobs and the log of writes of a server               server.rs
//! <lake>/_meta/_staging/                     unfinished links and files of the lake itself
//! <lake>/_tmp_test/<run_id>/<n>/             trials on samples of the dumps, each with its own lake  trial.rs
//! ```
//!
//! A dataset is written in `_staging`, fsynced file by file, and committed by one rename. Types express what may be done
//! under which lock: [`WritableRun`] commits datasets, [`SealableRun`] seals, [`LockedLake`] moves `active` and prunes.
//! `docs/faults.md` says what happens when a step fails or is killed, and which test shows it.
//! A file whose bytes an older sealed run holds is shared with that run by a hard link (`sharing.rs`); `disk/usage.rs`
//! measures what that saves.

mod anchor;
mod catalog;
mod dataset;
mod description;
pub mod disk;
mod error;
mod folder;
mod format;
mod history;
mod listing;
mod locked;
mod manifest;
mod orphans;
mod output;
mod pointer;
mod producer;
mod retention;
mod root;
mod run;
mod run_id;
mod seal;
mod sealed;
mod server;
mod sharing;
mod staging;
mod status;
mod transfer;
mod trial;
mod writable;

pub use dataset::{ColumnDescription, Counted, DataFile, Dataset, InputIdentity};
pub use description::RunDescription;
pub(crate) use disk::digest::sha256_of_bytes;
pub use disk::digest::{sha256_of_file, sha256_of_file_watched, sha256_of_files};
pub use disk::durable::{commit_folder, sync_file};
pub(crate) use disk::durable::{make_folder, rename, sync_folder, write_new_file};
pub use disk::free_space::free_bytes;
pub use disk::lock::Holder;
pub(crate) use disk::lock::{Lock, exclusive as lock_exclusively, remove as remove_lock};
pub use disk::output::{Output, open_stream};
pub(crate) use disk::read::read_regular;
pub use disk::usage::DiskUsage;
pub use dump_names::DumpMonth;
pub use error::Error;
pub use history::{HistoryFolder, HistoryLock};
pub use locked::{LockedLake, TableLock};
pub use manifest::{Manifest, ManifestDataset, ManifestFile};
pub use orphans::{Orphan, Orphans};
pub use output::{output_file, output_folder, refuse_kept, write_new, write_whole};
pub use pointer::Previous;
pub use producer::Producer;
pub use retention::{KeepReason, PlannedRun, PrunePlan, Retention};
pub use root::Lake;
pub use run::Run;
pub use run_id::RunId;
pub use sealed::SealedRun;
pub use server::ServerFolder;
pub use staging::{StagedDataset, Staging};
pub use status::{RunState, RunStatus, run_statuses};
pub use transfer::{ReceivedFile, ReceivedRun, SendableRun};
pub use trial::TrialFolder;
pub use writable::{SealableRun, WritableRun};
