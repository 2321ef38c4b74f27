//! Sends a sealed run: its files in parallel and by parts, existing objects not again, and the manifest last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lake_store::{CompletedPart, Condition, Kind, ListedPart, Put};
use sha2::{Digest, Sha256};

use super::checked::{Expected, Verdict, has_digest};
use super::journal::{Begun, Journal};
use super::plan::{FilePlan, fitting_part_bytes};
use super::record::{self, UploadRecord};
use super::remote::{RemoteLake, kind};
use crate::lake::{Error, Manifest, RunId, SealedRun, SendableRun};
use crate::parallel::on_threads;
use digdag_task::{Amount, Failure, Meter, Observer, stop};

/// How a run is sent.
#[derive(Clone, Copy, Debug)]
pub struct UploadOptions {
    /// The length of a part, unless an earlier upload of the run recorded another one.
    pub part_bytes: u64,
    /// The number of parts in flight; memory holds so many.
    pub threads: usize,
}

/// The outcome of an upload.
#[derive(Clone, Debug, Default)]
pub struct Uploaded {
    /// The files of the run.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The length of a part.
    pub part_bytes: u64,
    /// The files that were there.
    pub present_files: usize,
    /// The files that the server copied from another run.
    pub copied_files: usize,
    /// Their bytes.
    pub copied_bytes: u64,
    /// The bytes that were sent.
    pub sent_bytes: u64,
    /// The requests that sent them: files of one part, and parts.
    pub sent_parts: u64,
    /// The parts that an earlier upload had sent of files that were not complete.
    pub resumed_parts: usize,
    /// Whether the run was whole there before.
    pub was_whole: bool,
}

/// Sends a sealed run. Every file is compared with the manifest before anything is sent.
///
/// # Errors
/// Fails if a file of the run was changed, if an object is there and differs, and if the server refuses or does not answer.
/// The parts that were sent stay, and the next upload resumes.
pub fn upload(
    run: &SendableRun,
    remote: &RemoteLake,
    options: UploadOptions,
    observer: &dyn Observer,
) -> anyhow::Result<Uploaded> {
    let _resumable = stop::Resumable::new();
    let sealed = run.sealed();
    let id = sealed.run().id();
    let there = listed(remote, id)?;
    let (plans, part_bytes) = planned(sealed, remote, options, observer)?;
    refuse_strangers(remote, id, &plans, &there)?;
    let was_sealed = is_sealed(sealed, remote)?;

    let compare = |plan: &FilePlan| is_present(remote, id, plan, &there);
    let present = on_threads(options.threads, plans.iter().collect(), compare);
    let present = present.into_iter().collect::<anyhow::Result<Vec<bool>>>()?;
    let missing: Vec<&FilePlan> =
        plans.iter().zip(&present).filter(|(_, is_there)| !**is_there).map(|(plan, _)| plan).collect();
    let mut uploaded = Uploaded {
        files: plans.len(),
        bytes: plans.iter().map(|plan| plan.bytes).sum(),
        part_bytes,
        present_files: plans.len() - missing.len(),
        was_whole: was_sealed && missing.is_empty(),
        ..Uploaded::default()
    };
    if !missing.is_empty() {
        let journal = Journal::open(&run.journal()?, &remote.address().to_string())?;
        let sources = copy_sources(remote, id, &missing)?;
        let sending = Sending::new(remote, id, &missing, &sources, &journal)?;
        uploaded.resumed_parts = sending.resumed_parts;
        sending.run(options.threads, uploaded.bytes, observer)?;
        uploaded.sent_bytes = sending.sent_bytes.load(Ordering::Relaxed);
        uploaded.sent_parts = sending.sent_parts.load(Ordering::Relaxed);
        uploaded.copied_bytes = sending.copied_bytes.load(Ordering::Relaxed);
        uploaded.copied_files = sending.copied_files();
    }
    if !was_sealed {
        refuse_incomplete(remote, id, &plans)?;
        seal(sealed, remote)?;
    }
    sealed.run().lake().remove_journal(id)?;
    Ok(uploaded)
}

/// Returns the objects of a run that are there: path → length.
fn listed(remote: &RemoteLake, id: &RunId) -> anyhow::Result<BTreeMap<String, u64>> {
    let prefix = remote.run_prefix(id);
    let objects = remote.call(|bucket| bucket.list(&prefix))?.into_iter();
    Ok(objects.filter_map(|object| Some((object.key.strip_prefix(&prefix)?.to_owned(), object.bytes))).collect())
}

/// Plans the parts of all files. The part size is the recorded one, or is recorded now.
fn planned(
    sealed: &SealedRun,
    remote: &RemoteLake,
    options: UploadOptions,
    observer: &dyn Observer,
) -> anyhow::Result<(Vec<FilePlan>, u64)> {
    let id = sealed.run().id();
    let longest = sealed.manifest().files.iter().map(|file| file.bytes).max().unwrap_or_default();
    let asked = fitting_part_bytes(options.part_bytes, longest);
    let mut recorded = UploadRecord::read(remote, id)?;
    loop {
        let part_bytes = recorded.as_ref().map_or(asked, |record| record.part_bytes);
        let plans = plan_files(sealed, part_bytes, options.threads, observer)?;
        let record = UploadRecord::of(id, part_bytes, &plans);
        match &recorded {
            Some(recorded) if *recorded == record => return Ok((plans, part_bytes)),
            Some(_) => return Err(differs(remote, id, record::FILE_NAME)),
            None if record.write_if_absent(remote)? => return Ok((plans, part_bytes)),
            // Another upload of the run recorded its part size first.
            None => recorded = UploadRecord::read(remote, id)?,
        }
    }
}

fn plan_files(
    sealed: &SealedRun,
    part_bytes: u64,
    threads: usize,
    observer: &dyn Observer,
) -> anyhow::Result<Vec<FilePlan>> {
    let files = &sealed.manifest().files;
    let meter = observer.begin(Amount::bytes(files.iter().map(|file| file.bytes).sum()));
    let read = AtomicU64::new(0);
    let on_bytes = |bytes: u64| {
        let position = read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        meter.advance_to(position, &|| format!("verifying run {}", sealed.run().id()));
    };
    let plan = |file| FilePlan::read(sealed, file, part_bytes, &on_bytes);
    on_threads(threads, files.iter().collect(), plan).into_iter().collect()
}

/// Refuses objects below the run's prefix that are not of the run.
fn refuse_strangers(
    remote: &RemoteLake,
    id: &RunId,
    plans: &[FilePlan],
    there: &BTreeMap<String, u64>,
) -> anyhow::Result<()> {
    let known: BTreeSet<&str> = plans.iter().map(|plan| plan.path.as_str()).collect();
    let is_strange = |path: &&String| {
        !known.contains(path.as_str()) && ![record::FILE_NAME, Manifest::FILE_NAME].contains(&path.as_str())
    };
    match there.keys().find(is_strange) {
        None => Ok(()),
        Some(path) => {
            let place = remote.place(&remote.run_key(id, path));
            Err(Failure::input(format!("{place} is there and is no file of run {id}"))
                .hint("find out who wrote it and remove it; only upload-run writes there")
                .into())
        }
    }
}

/// Returns whether the manifest is there.
fn is_sealed(sealed: &SealedRun, remote: &RemoteLake) -> anyhow::Result<bool> {
    let id = sealed.run().id();
    match remote.document(&remote.run_key(id, Manifest::FILE_NAME))? {
        None => Ok(false),
        Some((text, _)) if text == sealed.manifest_text() => Ok(true),
        Some(_) => Err(differs(remote, id, Manifest::FILE_NAME)),
    }
}

/// Returns whether a file is there; fails if another one is.
fn is_present(remote: &RemoteLake, id: &RunId, plan: &FilePlan, there: &BTreeMap<String, u64>) -> anyhow::Result<bool> {
    match there.get(&plan.path) {
        None => Ok(false),
        Some(_) => expect_same(remote, id, plan).map(|()| true),
    }
}

/// Compares an object that is there with a file.
fn expect_same(remote: &RemoteLake, id: &RunId, plan: &FilePlan) -> anyhow::Result<()> {
    let key = remote.run_key(id, &plan.path);
    let (sha256, checksum) = (hex::encode(plan.sha256), plan.checksum());
    let expected = Expected { bytes: plan.bytes, sha256: &sha256, checksum: Some(&checksum) };
    let found = remote.call(|bucket| bucket.head(&key))?;
    let found = found.with_context(|| format!("{} is gone again", remote.place(&key)))?;
    let is_same = match expected.compare(&found) {
        Verdict::Checksum | Verdict::Digest => true,
        Verdict::Differs => false,
        Verdict::Size => has_digest(remote, &key, plan.bytes, &sha256, &|_| {})?,
    };
    if is_same { Ok(()) } else { Err(differs(remote, id, &plan.path)) }
}

fn differs(remote: &RemoteLake, id: &RunId, path: &str) -> anyhow::Error {
    let place = remote.place(&remote.run_key(id, path));
    Failure::input(format!("{place} is there and differs from {path} of run {id}"))
        .hint("files of a run are never replaced: find out who wrote it, or name another warehouse")
        .into()
}

/// Returns the objects of other runs whose bytes are those of missing files: SHA-256 → key.
fn copy_sources(remote: &RemoteLake, id: &RunId, missing: &[&FilePlan]) -> anyhow::Result<BTreeMap<String, String>> {
    let needed: BTreeSet<String> = missing.iter().map(|plan| hex::encode(plan.sha256)).collect();
    let mut sources = BTreeMap::new();
    for other in remote.run_ids()?.iter().rev().filter(|other| *other != id) {
        // Only a run with a manifest is whole, and a damaged one is no reason not to send another.
        let Ok(Some((manifest, _))) = remote.manifest(other) else { continue };
        for file in manifest.files.iter().filter(|file| needed.contains(&file.sha256)) {
            sources.entry(file.sha256.clone()).or_insert_with(|| remote.run_key(other, &file.path));
        }
    }
    Ok(sources)
}

/// Refuses to seal unless every file is listed with its length.
fn refuse_incomplete(remote: &RemoteLake, id: &RunId, plans: &[FilePlan]) -> anyhow::Result<()> {
    let there = listed(remote, id)?;
    match plans.iter().find(|plan| there.get(&plan.path) != Some(&plan.bytes)) {
        None => Ok(()),
        Some(plan) => {
            let place = remote.place(&remote.run_key(id, &plan.path));
            Err(Failure::external(format!("{place} was written and is not listed with its {} bytes", plan.bytes))
                .hint("run the same command again")
                .into())
        }
    }
}

/// Writes the manifest, under the condition that it is absent.
fn seal(sealed: &SealedRun, remote: &RemoteLake) -> anyhow::Result<()> {
    let text = sealed.manifest_text();
    let sha256: [u8; 32] = Sha256::digest(text).into();
    let put = Put { sha256: &sha256, condition: Condition::Absent, content_type: "application/json" };
    let key = remote.run_key(sealed.run().id(), Manifest::FILE_NAME);
    match remote.call(|bucket| bucket.put(&key, text, &put)) {
        Ok(_) => Ok(()),
        // Another upload of the run wrote it, or an earlier attempt of this one whose answer was lost.
        Err(error) if kind(&error) == Some(Kind::Condition) => is_sealed(sealed, remote).map(drop),
        Err(error) => Err(error),
    }
}

/// A file that is being sent.
struct SentFile<'p> {
    plan: &'p FilePlan,
    key: String,
    /// The object that the server copies.
    source: Option<String>,
    state: Mutex<SentParts>,
}

#[derive(Default)]
struct SentParts {
    upload: Option<String>,
    /// By their number, less 1.
    done: Vec<Option<CompletedPart>>,
    is_copied: bool,
}

#[derive(Clone, Copy)]
enum Job {
    /// A file of one part.
    Whole(usize),
    /// A part of a file, from 0.
    Part(usize, usize),
    /// A file of which an earlier upload sent every part.
    Complete(usize),
}

/// The files on their way.
struct Sending<'p> {
    remote: &'p RemoteLake,
    id: &'p RunId,
    journal: &'p Journal,
    files: Vec<SentFile<'p>>,
    resumed_parts: usize,
    sent_bytes: AtomicU64,
    sent_parts: AtomicU64,
    copied_bytes: AtomicU64,
}

impl<'p> Sending<'p> {
    fn new(
        remote: &'p RemoteLake,
        id: &'p RunId,
        missing: &[&'p FilePlan],
        sources: &BTreeMap<String, String>,
        journal: &'p Journal,
    ) -> anyhow::Result<Self> {
        let (mut files, mut resumed_parts) = (Vec::new(), 0);
        for plan in missing {
            let key = remote.run_key(id, &plan.path);
            let mut state = SentParts { done: vec![None; plan.parts.len()], ..SentParts::default() };
            if let Some(begun) = journal.begun(&plan.path).filter(|_| plan.parts.len() > 1)
                && let Some(parts) = remote.call(|bucket| bucket.parts(&key, &begun.upload))?
            {
                state.upload = Some(begun.upload.clone());
                for part in &parts {
                    let Some(part) = resumed(plan, begun, part) else { continue };
                    let index = part.number - 1;
                    state.done[index] = Some(part);
                    resumed_parts += 1;
                }
            }
            let source = sources.get(&hex::encode(plan.sha256)).cloned();
            files.push(SentFile { plan, key, source, state: Mutex::new(state) });
        }
        let none = || AtomicU64::new(0);
        let (sent_bytes, sent_parts, copied_bytes) = (none(), none(), none());
        Ok(Sending { remote, id, journal, files, resumed_parts, sent_bytes, sent_parts, copied_bytes })
    }

    /// Does every job on some threads. After the first error no job begins.
    fn run(&self, threads: usize, total: u64, observer: &dyn Observer) -> anyhow::Result<()> {
        let jobs = self.jobs();
        let left: u64 = jobs.iter().map(|job| self.bytes_of(*job)).sum();
        let there = total.saturating_sub(left);
        let meter = observer.begin(Amount { resumed_at: there, ..Amount::bytes(total) });
        let progress = Progress { meter: &*meter, begun: Instant::now(), there, done: AtomicU64::new(0) };
        let has_failed = AtomicBool::new(false);
        let results = on_threads(threads, jobs, |job| {
            if has_failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let result = self.execute(job);
            match &result {
                Ok(()) => progress.add(self.bytes_of(job), self.id),
                Err(_) => has_failed.store(true, Ordering::Relaxed),
            }
            result
        });
        results.into_iter().collect()
    }

    fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let state = lock(&file.state);
            let open = state.done.iter().enumerate().filter(|(_, done)| done.is_none()).map(|(part, _)| part);
            match file.plan.parts.len() {
                1 => jobs.push(Job::Whole(index)),
                _ if state.done.iter().all(Option::is_some) => jobs.push(Job::Complete(index)),
                _ => jobs.extend(open.map(|part| Job::Part(index, part))),
            }
        }
        jobs
    }

    fn bytes_of(&self, job: Job) -> u64 {
        let length = |file: usize, part: usize| {
            let range = self.files[file].plan.range(part);
            range.end - range.start
        };
        match job {
            Job::Whole(file) => length(file, 0),
            Job::Part(file, part) => length(file, part),
            Job::Complete(_) => 0,
        }
    }

    fn execute(&self, job: Job) -> anyhow::Result<()> {
        match job {
            Job::Whole(file) => self.send_whole(&self.files[file]),
            Job::Part(file, part) => self.send_part(&self.files[file], part),
            Job::Complete(file) => self.complete(&self.files[file]),
        }
    }

    fn send_whole(&self, file: &SentFile<'_>) -> anyhow::Result<()> {
        if let Some(source) = &file.source {
            match self.remote.call(|bucket| bucket.copy(source, None, &file.key)) {
                Ok(()) => {
                    expect_same(self.remote, self.id, file.plan)?;
                    lock(&file.state).is_copied = true;
                    self.copied_bytes.fetch_add(file.plan.bytes, Ordering::Relaxed);
                    return Ok(());
                }
                // The other run was pruned meanwhile.
                Err(error) if kind(&error) == Some(Kind::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        let bytes = self.read(file.plan, 0)?;
        let put = Put {
            sha256: &file.plan.parts[0],
            condition: Condition::Absent,
            content_type: content_type(&file.plan.path),
        };
        match self.remote.call(|bucket| bucket.put(&file.key, &bytes, &put)) {
            Ok(_) => {}
            // Another upload of the run, or an earlier attempt of this one whose answer was lost.
            Err(error) if kind(&error) == Some(Kind::Condition) => expect_same(self.remote, self.id, file.plan)?,
            Err(error) => return Err(error),
        }
        self.count_sent(bytes.len());
        Ok(())
    }

    fn send_part(&self, file: &SentFile<'_>, part: usize) -> anyhow::Result<()> {
        let upload = self.upload_of(file)?;
        let (number, sha256) = (part + 1, &file.plan.parts[part]);
        let copied = match &file.source {
            None => None,
            Some(source) => {
                let range = file.plan.range(part);
                let copy = || {
                    self.remote
                        .call(|bucket| bucket.copy_part(source, range.clone(), &file.key, &upload, number, sha256))
                };
                match copy() {
                    Ok(copied) => Some(copied),
                    Err(error) if kind(&error) == Some(Kind::Missing) => None,
                    Err(error) => return Err(error),
                }
            }
        };
        let is_copied = copied.is_some();
        let sent = match copied {
            Some(copied) => {
                let range = file.plan.range(part);
                self.copied_bytes.fetch_add(range.end - range.start, Ordering::Relaxed);
                copied
            }
            None => {
                let bytes = self.read(file.plan, part)?;
                let sent = self.remote.call(|bucket| bucket.put_part(&file.key, &upload, number, &bytes, sha256))?;
                self.count_sent(bytes.len());
                sent
            }
        };
        self.journal.add_sent(&upload, number, &sent.etag)?;
        let is_last = {
            let mut state = lock(&file.state);
            state.is_copied |= is_copied;
            state.done[part] = Some(sent);
            state.done.iter().all(Option::is_some)
        };
        if is_last { self.complete(file) } else { Ok(()) }
    }

    /// Returns the upload of a file, and begins it on first use.
    fn upload_of(&self, file: &SentFile<'_>) -> anyhow::Result<String> {
        let mut state = lock(&file.state);
        if let Some(upload) = &state.upload {
            return Ok(upload.clone());
        }
        let content_type = content_type(&file.plan.path);
        let upload = self.remote.call(|bucket| bucket.begin_upload(&file.key, &file.plan.sha256, content_type))?;
        self.journal.add_begun(&file.plan.path, &upload)?;
        Ok(state.upload.insert(upload).clone())
    }

    fn complete(&self, file: &SentFile<'_>) -> anyhow::Result<()> {
        let (upload, parts) = {
            let state = lock(&file.state);
            let parts: Vec<CompletedPart> = state.done.iter().flatten().cloned().collect();
            (state.upload.clone().context("an upload without an id")?, parts)
        };
        let completed =
            self.remote.call(|bucket| bucket.complete_upload(&file.key, &upload, &parts, &Condition::Absent));
        match completed {
            Ok(()) => Ok(()),
            // Another upload of the run completed the file, or an earlier attempt of this one whose answer was lost: then
            // servers say that the object exists, that there is no such upload, or that it must not be accessed.
            Err(error) => match self.remote.call(|bucket| bucket.head(&file.key)) {
                Ok(Some(_)) => expect_same(self.remote, self.id, file.plan),
                _ => Err(error),
            },
        }
    }

    /// Reads a part of a file; refuses bytes that changed since the file was compared with the manifest.
    fn read(&self, plan: &FilePlan, part: usize) -> anyhow::Result<Vec<u8>> {
        let range = plan.range(part);
        let cannot = || format!("cannot read {}", plan.file.display());
        let mut bytes = vec![0; usize::try_from(range.end - range.start)?];
        File::open(&plan.file).with_context(cannot)?.read_exact_at(&mut bytes, range.start).with_context(cannot)?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) != plan.parts[part] {
            let difference = format!("{} was changed while it was sent", plan.path);
            return Err(Error::Changed { run: self.id.clone(), difference }.into());
        }
        Ok(bytes)
    }

    fn count_sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.sent_parts.fetch_add(1, Ordering::Relaxed);
    }

    fn copied_files(&self) -> usize {
        self.files.iter().filter(|file| lock(&file.state).is_copied).count()
    }
}

/// The progress of all jobs together.
struct Progress<'m> {
    meter: &'m dyn Meter,
    begun: Instant,
    there: u64,
    done: AtomicU64,
}

impl Progress<'_> {
    fn add(&self, bytes: u64, id: &RunId) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.meter.advance_to(self.there + done, &|| {
            let rate = done as f64 / 1e6 / self.begun.elapsed().as_secs_f64().max(1e-3);
            format!("{rate:.1} MB/s, uploading run {id}")
        });
    }
}

/// Returns a part that an earlier upload sent, unless it has to be sent again.
fn resumed(plan: &FilePlan, begun: &Begun, part: &ListedPart) -> Option<CompletedPart> {
    let index = part.number.checked_sub(1)?;
    let sha256 = plan.parts.get(index)?;
    let range = plan.range(index);
    let is_checked = match &part.checksum {
        Some(checksum) if *checksum == BASE64_STANDARD.encode(sha256) => true,
        Some(_) => return None,
        None => false,
    };
    if part.bytes != range.end - range.start {
        return None;
    }
    let etag = match (&part.etag, begun.etags.get(&part.number)) {
        (Some(listed), Some(sent)) if listed == sent => listed,
        (Some(listed), None) if is_checked => listed,
        // The server lists no ETags, and answered this one when the part was sent.
        (None, Some(sent)) => sent,
        _ => return None,
    };
    Some(CompletedPart { number: part.number, etag: etag.clone(), sha256: *sha256 })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "parquet")) => "application/vnd.apache.parquet",
        Some((_, "json")) => "application/json",
        _ => "application/octet-stream",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
