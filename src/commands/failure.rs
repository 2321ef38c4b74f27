//! Maps the errors of the lake and of object storage to an exit status and a hint. No other module does that.

use std::process::ExitCode;

use clap::Parser;
use digdag_task::{Call, Class, Failure};
use lake_store::Kind;

use super::project::PROJECT;
use crate::lake::{self, disk};

/// Runs a task as `main` does ([`digdag_task::Project::main`]) and classifies the errors of the lake.
pub fn main<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    PROJECT.main(|parameters: P, call: &mut Call| run(parameters, call).map_err(classified))
}

/// Like [`main`], for a server, which handles signals itself.
pub fn serve<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    PROJECT.serve(|parameters: P, call: &mut Call| run(parameters, call).map_err(classified))
}

/// Like [`failure_of`], but returns the failure as an `anyhow::Error`.
pub fn classified(error: anyhow::Error) -> anyhow::Error {
    failure_of(&error).into()
}

/// Returns an error as a classified failure: the class and the hint of the first error in its chain that has them, with
/// the message of the whole chain.
pub fn failure_of(error: &anyhow::Error) -> Failure {
    let failure = Failure::of(error);
    if error.chain().any(|cause| cause.is::<Failure>()) {
        return failure;
    }
    let known = error.chain().find_map(|cause| {
        let of_lake = cause.downcast_ref::<lake::Error>().map(of_lake);
        let of_disk = || cause.downcast_ref::<disk::Error>().map(of_disk);
        let of_store = || cause.downcast_ref::<lake_store::Error>().map(of_store);
        of_lake.or_else(of_disk).or_else(of_store)
    });
    match known {
        Some((class, hint)) => Failure { class, hint: Some(hint), ..failure },
        None => failure,
    }
}

fn of_lake(error: &lake::Error) -> (Class, String) {
    use lake::Error::*;
    let (class, hint) = match error {
        NoLake { .. } => (Class::Parameters, "set DISCOGS_DATA_LAKE to a folder such as /data/lake"),
        CannotOpen { .. } => (Class::Parameters, "set DISCOGS_DATA_LAKE to the folder of the lake; preflight makes it"),
        LakeNotAFolder { .. } => (Class::Parameters, "set DISCOGS_DATA_LAKE to the folder of the lake"),
        LakeInsideRun { lake, .. } => {
            let hint = format!("DISCOGS_DATA_LAKE is the folder above _runs and active, here {}", lake.display());
            return (Class::Parameters, hint);
        }
        Link { .. } => {
            (Class::Input, "remove the link; to use another disk, move the whole lake there or mount the disk in place")
        }
        NotAFolder { .. } => (Class::Input, "the lake needs a folder of that name; remove what is in its place"),
        NoRun { .. } => (Class::Parameters, "preflight makes a run from dump_month and session_time"),
        OtherDumps { .. } => {
            (Class::Parameters, "give another session_time or run_id; a run keeps the dumps it was begun with")
        }
        Sealed { .. } => (Class::Parameters, "begin a new run: the same dumps with another session_time"),
        NotSealed { .. } => (Class::Parameters, "sanity-check seals a run that passes; run it first"),
        HoldsDataset { .. } => {
            (Class::Parameters, "replace it with --replace=true while the run is not sealed, or begin a new run")
        }
        NewerFormat { .. } => (Class::Input, "install the version that wrote it, or a newer one"),
        NoRunDescription { .. } => (Class::Input, "begin a new run with preflight"),
        NoDatasetDescription { path, .. } | FileOutside { path, .. } => {
            let folder = path.parent().unwrap_or(path).display();
            return (Class::Input, format!("remove the folder {folder} and run the task that writes it again"));
        }
        OtherDataset { folder, .. } => {
            let folder = folder.display();
            return (Class::Input, format!("remove the folder {folder} and run the task that writes it again"));
        }
        Changed { .. } => (Class::Input, "do not publish it; build the month again in a new run"),
        UnknownSeal { run } => {
            let accept = format!("verify-run --run-id {run} --accept-seal=true");
            return (
                Class::Input,
                format!("if it was copied here from a lake you trust, run {accept}, then try again"),
            );
        }
        NoDigest { run, .. } => {
            let accept = format!("verify-run --run-id {run} --accept-seal=true");
            return (Class::Input, format!("if the run is known to be good, remove the file and run {accept}"));
        }
        ActiveNotALink { .. } => (
            Class::Input,
            "move it away by hand: active must be a link to _runs/<run_id>, and nothing is moved for you",
        ),
        ActiveElsewhere { .. } | ActiveDangling { .. } => {
            (Class::Input, "remove the link by hand, then promote a sealed run")
        }
        NothingPublished { .. } => {
            (Class::Parameters, "promote a sealed run first, or name a run; lake-status lists them")
        }
    };
    (class, hint.to_owned())
}

fn of_disk(error: &disk::Error) -> (Class, String) {
    use disk::Error::*;
    let (class, hint) = match error {
        Locked { .. } => (Class::Locked, "try again when it has ended; a lock ends with its holder"),
        NotAFile { .. } => (Class::Input, "put a regular file in its place"),
        Output { .. } => (Class::Parameters, "name a regular file or a new one, or - for the standard output"),
        Protected { .. } => (Class::Parameters, "name a place outside of the lake"),
    };
    (class, hint.to_owned())
}

fn of_store(error: &lake_store::Error) -> (Class, String) {
    let (class, hint) = match error.kind {
        Kind::Settings => (
            Class::Parameters,
            "correct s3_endpoint, s3_ca_file or the profile; s3_allow_http=true permits http elsewhere",
        ),
        Kind::NoCredentials => (
            Class::Parameters,
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; docs/object-storage.md lists every way",
        ),
        Kind::NoBucket => (Class::Parameters, "create the bucket, or correct the parameter warehouse"),
        Kind::Denied => (
            Class::External,
            "check the key, s3_region and the rights to list, read, write and delete; then run the same command again",
        ),
        Kind::Archived => {
            (Class::Input, "the object is in an archive class: restore it there first (aws s3api restore-object)")
        }
        Kind::Clock => (Class::External, "set the clock of this machine, then run the same command again"),
        Kind::Full => (Class::External, "free some space in the bucket, then run the same command again; it resumes"),
        Kind::Untrusted => (Class::External, "s3_ca_file names the certificates to trust, in PEM"),
        Kind::Condition => (Class::Locked, "another task wrote the object meanwhile; run the same command again"),
        Kind::Missing => (Class::Input, "verify-run --warehouse names what is missing"),
        Kind::Unsupported => (Class::External, "the server lacks an operation that uploads need; use another one"),
        Kind::Checksum | Kind::Unavailable => {
            (Class::External, "run the same command again; objects that arrived are not sent again")
        }
        Kind::Refused => (Class::External, "check s3_endpoint, s3_region and the rights of the key"),
    };
    (class, hint.to_owned())
}
