//! The errors of the lake that callers tell apart.

use std::path::PathBuf;

use super::RunId;

/// A refusal that a caller can tell apart. Other errors are those of [`super::disk::Error`] and of the system, with the
/// path as context. `commands::failure` decides with which exit status and which advice a task ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path given as the lake is empty or the root of the file system.
    #[error("the lake {root:?} is no folder of its own")]
    NoLake {
        /// The path as given.
        root: PathBuf,
    },

    /// The lake's folder cannot be opened.
    #[error("the lake {} cannot be opened", root.display())]
    CannotOpen {
        /// The path as given.
        root: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// The path given as the lake names something else than a folder.
    #[error("the lake {} is not a folder", root.display())]
    LakeNotAFolder {
        /// The path, resolved.
        root: PathBuf,
    },

    /// The path given as the lake is a run, or lies in one. What a task wrote there would change a published run.
    #[error("the lake {} lies inside the run {}", root.display(), run.display())]
    LakeInsideRun {
        /// The path, resolved.
        root: PathBuf,
        /// The run's folder.
        run: PathBuf,
        /// The lake of the run.
        lake: PathBuf,
    },

    /// There is a link within the lake.
    #[error("{} is a link, and a link here may lead out of the lake", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },

    /// Something else lies where the lake needs a folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// What lies there.
        path: PathBuf,
    },

    /// The run is missing.
    #[error("there is no run {run} in {}{}", lake.display(), newest.as_ref().map(|id| format!("; the newest run is {id}")).unwrap_or_default())]
    NoRun {
        /// The run asked for.
        run: RunId,
        /// The lake.
        lake: PathBuf,
        /// The newest run that is there.
        newest: Option<RunId>,
    },

    /// The run exists and was begun for other dumps.
    #[error("run {run} was begun for {difference}")]
    OtherDumps {
        /// The run.
        run: RunId,
        /// The dumps of the run and those asked for, in words.
        difference: String,
    },

    /// The run is sealed, so nothing is written to it.
    #[error("run {run} is sealed; a sealed run is never changed")]
    Sealed {
        /// The run.
        run: RunId,
    },

    /// The run is not sealed, so it is not published.
    #[error("run {run} is not sealed")]
    NotSealed {
        /// The run.
        run: RunId,
    },

    /// The run holds the dataset already, made from other inputs or by another version of the task.
    #[error("run {run} holds {table} already, made from {inputs} or by another version")]
    HoldsDataset {
        /// The run.
        run: RunId,
        /// The table.
        table: String,
        /// What the task makes the dataset from, such as "another dump".
        inputs: &'static str,
    },

    /// A file of the lake is written in a format that this version does not know.
    #[error("{} was written by a newer version: its format is {found}, this version reads up to {known}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u64,
        /// The newest format that this version reads.
        known: u32,
    },

    /// `_run.json` cannot be parsed.
    #[error("{} is not a run description", path.display())]
    NoRunDescription {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },

    /// `_dataset.json` cannot be parsed.
    #[error("{} is not a dataset description", path.display())]
    NoDatasetDescription {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },

    /// `_dataset.json` names a file that is not in its folder.
    #[error("{} names the file {file:?}, which is not in it", path.display())]
    FileOutside {
        /// The description.
        path: PathBuf,
        /// The file as it is named.
        file: String,
    },

    /// A folder holds the dataset of another table or run.
    #[error("{} holds {table} of run {run}", folder.display())]
    OtherDataset {
        /// The folder.
        folder: PathBuf,
        /// The table in the description.
        table: String,
        /// The run in the description.
        run: RunId,
    },

    /// The files of a run differ from what was written or sealed.
    #[error("run {run} failed verification: {difference}")]
    Changed {
        /// The run.
        run: RunId,
        /// The difference in words, with the path.
        difference: String,
    },

    /// The lake has no digest of the run's manifest.
    #[error("run {run} agrees with its manifest, but this lake does not know its seal")]
    UnknownSeal {
        /// The run.
        run: RunId,
    },

    /// The file with the digest of a manifest holds something else.
    #[error("{} is not a sha256 and a file name", path.display())]
    NoDigest {
        /// The file.
        path: PathBuf,
        /// The run.
        run: RunId,
    },

    /// `active` is a file or a folder.
    #[error("{} is not a link but a file or folder", path.display())]
    ActiveNotALink {
        /// The path of `active`.
        path: PathBuf,
    },

    /// `active` is a link to something else than a run of this lake.
    #[error("{} does not point at a run of this lake", path.display())]
    ActiveElsewhere {
        /// The path of `active`.
        path: PathBuf,
    },

    /// `active` points at a run that is missing.
    #[error("{} points at run {run}, which is gone", path.display())]
    ActiveDangling {
        /// The path of `active`.
        path: PathBuf,
        /// The run.
        run: RunId,
    },

    /// Nothing is published.
    #[error("nothing is published in {}", lake.display())]
    NothingPublished {
        /// The lake.
        lake: PathBuf,
    },
}
