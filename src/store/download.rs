//! Brings a run back from object storage, byte for byte.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::remote::RemoteLake;
use crate::lake::{Lake, ManifestFile, ReceivedRun, Run, RunId, sha256_of_file};
use crate::parallel::on_threads;
use digdag_task::{Amount, Failure, Observer};

/// The bytes of one request.
const RANGE: u64 = 8 << 20;

/// The outcome of a download.
#[derive(Debug)]
pub struct Downloaded {
    /// The run; it is new in the lake.
    pub run: Run,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that arrived now; an earlier call brought the others.
    pub received_bytes: u64,
}

/// Brings a run back. Returns `None` if the lake has it.
///
/// # Errors
/// Fails if the run is not whole there, if a file differs from the manifest, and if the server or the disk refuses. Files that
/// arrived stay in `_meta/_staging` for the next call.
pub fn download(
    remote: &RemoteLake,
    lake: &Lake,
    id: &RunId,
    task: &str,
    threads: usize,
    observer: &dyn Observer,
) -> anyhow::Result<Option<Downloaded>> {
    let received = lake.receive(id, task)?;
    if received.is_there() {
        received.discard()?;
        return Ok(None);
    }
    let (manifest, text) = remote.whole_manifest(id)?;
    remote.refuse_other_seal(lake, id, &text)?;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    let meter = observer.begin(Amount::bytes(bytes));
    let (done, arrived) = (AtomicU64::new(0), AtomicU64::new(0));
    let on_bytes = |bytes: u64| {
        let position = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        meter.advance_to(position, &|| format!("downloading run {id}"));
    };
    let has_failed = AtomicBool::new(false);
    let results = on_threads(threads, manifest.files.iter().collect(), |file: &ManifestFile| {
        if has_failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let result = receive(remote, &received, id, file, &on_bytes, &arrived);
        if result.is_err() {
            has_failed.store(true, Ordering::Relaxed);
        }
        result
    });
    results.into_iter().collect::<anyhow::Result<()>>()?;
    let run = received.commit(&text)?;
    Ok(Some(Downloaded { run, files: manifest.files.len(), bytes, received_bytes: arrived.into_inner() }))
}

/// Receives a file, unless an earlier call has it already.
fn receive(
    remote: &RemoteLake,
    received: &ReceivedRun,
    id: &RunId,
    file: &ManifestFile,
    on_bytes: &dyn Fn(u64),
    arrived: &AtomicU64,
) -> anyhow::Result<()> {
    let path = received.file(&file.path)?;
    if path.is_file() && sha256_of_file(&path)? == (file.bytes, file.sha256.clone()) {
        on_bytes(file.bytes);
        return Ok(());
    }
    let key = remote.run_key(id, &file.path);
    let target = received.begin(&file.path, file.bytes)?;
    let mut etag: Option<String> = None;
    let mut start = 0;
    while start < file.bytes {
        let range = start..(start + RANGE).min(file.bytes);
        // All ranges are of one object, even if another one takes its place meanwhile.
        let object = remote.call(|bucket| bucket.get_range(&key, range.clone(), etag.as_deref()))?;
        target.write_at(&object.bytes, start)?;
        on_bytes(object.bytes.len() as u64);
        arrived.fetch_add(object.bytes.len() as u64, Ordering::Relaxed);
        etag = etag.or(object.etag);
        start = range.end;
    }
    if sha256_of_file(target.unfinished())?.1 != file.sha256 {
        let place = remote.place(&key);
        return Err(Failure::input(format!("{place} differs from {} of run {id}", file.path))
            .hint(format!(
                "verify-run --run-id {id} --warehouse {} --full=true names every damaged file",
                remote.address()
            ))
            .into());
    }
    target.finish()
}
