//! Compares the objects of a run with its manifest: their lengths and checksums, or all their bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use super::checked::{Expected, Verdict, has_digest};
use super::record::{self, UploadRecord};
use super::remote::RemoteLake;
use crate::lake::{Lake, Manifest, ManifestFile, RunId, sha256_of_bytes};
use crate::parallel::on_threads;
use digdag_task::{Amount, Failure, Observer};

/// The outcome of a verification.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The manifest of the run.
    pub manifest: Manifest,
    /// The files whose checksum, which the server computed, is right; with `full` those whose bytes are.
    pub by_checksum: usize,
    /// The files of which the server keeps no checksum, but the right digest of the writer.
    pub by_digest: usize,
    /// The files of which the server keeps the length alone.
    pub by_size: usize,
    /// Each difference in a few words that begin with the path.
    pub differences: Vec<String>,
}

impl Verified {
    /// Refuses a run that differs.
    ///
    /// # Errors
    /// Fails with the first difference and the number of others.
    pub fn refuse_differences(&self, remote: &RemoteLake) -> Result<(), Failure> {
        let more = self.differences.len().saturating_sub(1);
        let Some(first) = self.differences.first() else { return Ok(()) };
        let others = if more > 0 { format!(", and {more} more") } else { String::new() };
        let (id, place) = (&self.manifest.run_id, remote.address());
        Err(Failure::input(format!("run {id} in {place} failed verification: {first}{others}"))
            .hint("files of a run are never replaced: remove the damaged object and run upload-run again"))
    }
}

/// Compares a run with its manifest, and the manifest with the digest that the lake keeps if it keeps one. With `full` all
/// bytes are read.
///
/// # Errors
/// Fails if the run is not whole there, or if the server does not answer.
pub fn verify(
    remote: &RemoteLake,
    lake: &Lake,
    id: &RunId,
    full: bool,
    threads: usize,
    observer: &dyn Observer,
) -> anyhow::Result<Verified> {
    let (manifest, text) = remote.whole_manifest(id)?;
    let record = UploadRecord::read(remote, id)?;
    let prefix = remote.run_prefix(id);
    let listed = remote.call(|bucket| bucket.list(&prefix))?.into_iter();
    let mut there: BTreeMap<String, u64> =
        listed.filter_map(|object| Some((object.key.strip_prefix(&prefix)?.to_owned(), object.bytes))).collect();
    let own = BTreeSet::from([record::FILE_NAME, Manifest::FILE_NAME]);
    there.retain(|path, _| !own.contains(path.as_str()));

    let mut differences = Vec::new();
    if lake.known_seal(id)?.is_some_and(|seal| seal != sha256_of_bytes(&text)) {
        differences.push(format!("{} is not the one that was written when the run was sealed", Manifest::FILE_NAME));
    }
    let mut candidates = Vec::new();
    for file in &manifest.files {
        match there.remove(&file.path) {
            None => differences.push(format!("{} is missing", file.path)),
            Some(bytes) if bytes != file.bytes => {
                differences.push(format!("{} has {bytes} bytes, expected {}", file.path, file.bytes));
            }
            Some(_) => candidates.push(file),
        }
    }
    differences.extend(there.keys().map(|path| format!("{path} was added")));

    let meter = observer.begin(Amount::bytes(candidates.iter().map(|file| file.bytes).sum()));
    let done = AtomicU64::new(0);
    let on_bytes = |bytes: u64| {
        let position = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        meter.advance_to(position, &|| format!("verifying run {id}"));
    };
    let compare = |file: &ManifestFile| -> anyhow::Result<Verdict> {
        let key = remote.run_key(id, &file.path);
        if full {
            let is_same = has_digest(remote, &key, file.bytes, &file.sha256, &on_bytes)?;
            return Ok(if is_same { Verdict::Checksum } else { Verdict::Differs });
        }
        let checksum = record.as_ref().and_then(|record| record.checksums.get(&file.path));
        let expected = Expected { bytes: file.bytes, sha256: &file.sha256, checksum: checksum.map(String::as_str) };
        let found = remote.call(|bucket| bucket.head(&key))?;
        on_bytes(file.bytes);
        Ok(found.map_or(Verdict::Differs, |found| expected.compare(&found)))
    };
    let verdicts = on_threads(threads, candidates.clone(), compare);
    let verdicts = verdicts.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let count = |verdict: Verdict| verdicts.iter().filter(|found| **found == verdict).count();
    let (by_checksum, by_digest, by_size) = (count(Verdict::Checksum), count(Verdict::Digest), count(Verdict::Size));
    let damaged = candidates.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Differs);
    differences.extend(damaged.map(|(file, _)| format!("{} was changed", file.path)));
    differences.sort();
    Ok(Verified { manifest, by_checksum, by_digest, by_size, differences })
}
