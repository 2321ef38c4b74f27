//! The warehouse of a lake: its address, how it is reached, and requests that are repeated.

use std::sync::{Arc, Mutex};

use clap::Args;
use lake_store::{Access, Address, Bucket, Error, Kind};

use super::server::S3Args;
use super::table_files::Kept;
use crate::http::{RequestError, RetryPolicy, Transient};
use crate::lake::{Lake, Manifest, RunId, sha256_of_bytes};
use digdag_task::{Failure, SharedObserver};

/// The longest manifest that is read: one of 40 tables in a thousand files each has 10 MB.
const MAX_DOCUMENT: u64 = 64 << 20;

/// The warehouse of a lake in object storage. Secrets come from the environment or a profile of AWS, never from a
/// parameter.
#[derive(Args, Clone, Debug, Default)]
pub struct WarehouseArgs {
    /// Warehouse of the lake in object storage, s3://BUCKET or s3://BUCKET/PREFIX; credentials come from the environment, a
    /// profile, a web identity or the instance
    #[arg(long, value_name = "URL")]
    pub warehouse: Option<Address>,

    /// How its server is reached.
    #[command(flatten)]
    pub s3: S3Args,

    /// The table files that the call has read there.
    #[arg(skip)]
    pub(super) kept: Arc<Mutex<Kept>>,
}

/// The copy of a lake in object storage. It may be used from several threads.
pub struct RemoteLake {
    bucket: Bucket,
    retry: RetryPolicy,
    observer: SharedObserver,
}

impl WarehouseArgs {
    /// Opens the warehouse, or returns `None` if none is set. Sends no request. `threads` is the number of requests at once.
    ///
    /// # Errors
    /// Fails if a setting is invalid, or if there are no credentials.
    pub fn open(&self, threads: usize, observer: SharedObserver) -> anyhow::Result<Option<RemoteLake>> {
        let Some(address) = &self.warehouse else { return Ok(None) };
        let (settings, retry) = (self.s3.settings(threads), self.s3.retry());
        Ok(Some(RemoteLake { bucket: Bucket::open(address, &settings)?, retry, observer }))
    }

    /// Like [`WarehouseArgs::open`], for a task that cannot work without a warehouse.
    ///
    /// # Errors
    /// Fails if none is set, too.
    pub fn open_required(&self, threads: usize, observer: SharedObserver) -> anyhow::Result<RemoteLake> {
        let opened = self.open(threads, observer)?;
        Ok(opened.ok_or_else(|| {
            Failure::parameters("parameter warehouse is missing")
                .hint("name it, such as --warehouse s3://bucket/prefix")
        })?)
    }
}

impl RemoteLake {
    /// Returns the address.
    pub fn address(&self) -> &Address {
        self.bucket.address()
    }

    /// Returns the location of a file of a run, `s3://bucket/key`.
    pub fn location(&self, id: &RunId, path: &str) -> String {
        self.bucket.place(&self.run_key(id, path))
    }

    /// Returns how another client in this process reaches the server.
    ///
    /// # Errors
    /// Fails if temporary credentials cannot be had.
    pub fn access(&self) -> anyhow::Result<Access> {
        self.call(Bucket::access)
    }

    /// Returns the key of the folder of a run, with a slash at its end.
    pub(super) fn run_prefix(&self, id: &RunId) -> String {
        self.address().key(&format!("_runs/{id}/"))
    }

    /// Returns the key of a file of a run.
    pub(super) fn run_key(&self, id: &RunId, path: &str) -> String {
        format!("{}{path}", self.run_prefix(id))
    }

    /// Returns `s3://bucket/key`.
    pub(super) fn place(&self, key: &str) -> String {
        self.bucket.place(key)
    }

    /// Sends a request, and repeats it while the server is busy or the connection breaks.
    pub(super) fn call<T>(&self, request: impl Fn(&Bucket) -> lake_store::Result<T>) -> anyhow::Result<T> {
        self.retry.run(&*self.observer, || request(&self.bucket).map_err(attempt_failed))
    }

    /// Reads a small object with its ETag; returns `None` if it is missing.
    pub(super) fn document(&self, key: &str) -> anyhow::Result<Option<(Vec<u8>, Option<String>)>> {
        let object = self.call(|bucket| bucket.get(key, MAX_DOCUMENT))?;
        Ok(object.map(|object| (object.bytes, object.etag)))
    }

    /// Returns the ids of the runs of which something is there, oldest first.
    ///
    /// # Errors
    /// Fails if the bucket cannot be listed.
    pub fn run_ids(&self) -> anyhow::Result<Vec<RunId>> {
        let prefix = self.address().key("_runs/");
        let names = self.call(|bucket| bucket.list_folders(&prefix))?;
        let mut ids: Vec<RunId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort_by(RunId::by_age);
        Ok(ids)
    }

    /// Returns the manifest of a run with its bytes; `None` if the run is not whole there.
    ///
    /// # Errors
    /// Fails if the manifest cannot be read or parsed.
    pub fn manifest(&self, id: &RunId) -> anyhow::Result<Option<(Manifest, Vec<u8>)>> {
        let key = self.run_key(id, Manifest::FILE_NAME);
        let Some((text, _)) = self.document(&key)? else { return Ok(None) };
        let manifest = Manifest::parse(&text, id)
            .map_err(|what| Failure::input(format!("run {id} in {} failed verification: {what}", self.address())))?;
        Ok(Some((manifest, text)))
    }

    /// Like [`RemoteLake::manifest`], for a task that needs the run whole.
    ///
    /// # Errors
    /// Fails if it is not, too.
    pub fn whole_manifest(&self, id: &RunId) -> anyhow::Result<(Manifest, Vec<u8>)> {
        let found = self.manifest(id)?;
        Ok(found.ok_or_else(|| {
            Failure::input(format!("run {id} is not whole in {}: {} is missing", self.address(), Manifest::FILE_NAME))
                .hint(format!("run upload-run --run-id {id} on the machine that has the run"))
        })?)
    }
}

impl RemoteLake {
    /// Returns the manifest of a run that is whole there, if it is the one that the lake keeps the digest of or the lake keeps
    /// none.
    ///
    /// # Errors
    /// Fails if the run is not whole, or if its manifest is another one.
    pub fn sealed_manifest(&self, lake: &Lake, id: &RunId) -> anyhow::Result<Manifest> {
        let (manifest, text) = self.whole_manifest(id)?;
        self.refuse_other_seal(lake, id, &text)?;
        Ok(manifest)
    }

    /// Refuses a manifest that is not the one that the lake keeps the digest of.
    pub(super) fn refuse_other_seal(&self, lake: &Lake, id: &RunId, text: &[u8]) -> anyhow::Result<()> {
        if lake.known_seal(id)?.is_some_and(|seal| seal != sha256_of_bytes(text)) {
            let what = "its manifest is not the one that was written when it was sealed";
            return Err(Failure::input(format!("run {id} in {} failed verification: {what}", self.address())).into());
        }
        Ok(())
    }

    /// Requires the run to be whole there, with the manifest of this digest, which is that of the run in the lake.
    ///
    /// # Errors
    /// Fails if it is not, or if the manifest cannot be read.
    pub fn require_run(&self, id: &RunId, manifest_sha256: &str) -> anyhow::Result<Manifest> {
        let (manifest, _) = self.whole_manifest(id)?;
        if manifest.manifest_sha256 == manifest_sha256 {
            return Ok(manifest);
        }
        let address = self.address();
        Err(Failure::input(format!("run {id} in {address} has another manifest than the run in this lake"))
            .hint("files of a run are never replaced: find out who wrote it, or name another warehouse")
            .into())
    }
}

/// Returns the kind of the storage's error in a chain, if there is one.
pub(super) fn kind(error: &anyhow::Error) -> Option<Kind> {
    error.chain().find_map(|cause| cause.downcast_ref::<Error>()).map(|error| error.kind)
}

fn attempt_failed(error: Error) -> RequestError {
    if !error.is_transient() {
        return RequestError::Permanent(error.into());
    }
    let failure = Failure::external(error.to_string())
        .hint("run the same command again; objects that arrived are not sent again");
    RequestError::Transient(Transient { failure, retry_after: error.retry_after, progressed: false })
}
