//! The folder of a month: files are compared, then replaced, the CHECKSUM file last.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::catalogue::Catalogue;
use super::dump_file::{self, GeneratedFile};
use super::plan::{Entity, Plan};
use digdag_task::{Failure, Scratch};
use lake_layout::kept_behind_links;

/// The dumps of a month on disk.
pub struct GeneratedMonth {
    /// The folder of the month.
    pub folder: PathBuf,
    /// Its dumps.
    pub files: Vec<GeneratedFile>,
    /// Whether every file already existed with the same bytes.
    pub unchanged: bool,
}

/// File name → SHA-256, as in CHECKSUM.
type Checksums = BTreeMap<String, String>;

/// Writes the dumps of a month into `<raw_root>/<YYYY-MM>`, CHECKSUM last.
///
/// All files are written under temporary names first. `on_block` receives each entity's bytes of XML, block by block.
///
/// # Errors
/// Returns a parameter failure for a day that the month does not have, a folder that a lake keeps for itself, anything
/// but a regular file in a dump's place, and, unless `plan.replace`, for a file or a CHECKSUM line that differs from
/// this plan's. Nothing is changed then.
pub fn write_month(plan: &Plan, on_block: &mut dyn FnMut(Entity, u64)) -> anyhow::Result<GeneratedMonth> {
    let Some(stamp) = plan.month.day(plan.day) else {
        return Err(Failure::parameters(format!("parameter dump_day: {} has no day {}", plan.month, plan.day)).into());
    };
    let folder = plan.raw_root.join(plan.month.to_string());
    if let Some(kept) = kept_behind_links(&folder) {
        return Err(refusal_of_kept(&folder, &kept).into());
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let staging = Scratch::in_folder(&folder, ".generate-dumps-")?;

    let catalogue = Catalogue::new(plan);
    let mut files = Vec::new();
    for &entity in &plan.entities {
        let path = staging.path().join(format!("discogs_{stamp}_{}.xml.gz", entity.name()));
        files.push(dump_file::write(plan, &catalogue, entity, &path, &mut |bytes| on_block(entity, bytes))?);
    }

    let checksum_path = folder.join(format!("discogs_{stamp}_CHECKSUM.txt"));
    let known = read_checksums(&checksum_path)?;
    let mut unchanged = true;
    for file in &files {
        let present = hash_of(&folder.join(&file.name))?;
        let listed = known.get(&file.name);
        let differs = |hash: &String| *hash != file.sha256;
        if (present.as_ref().is_some_and(differs) || listed.is_some_and(differs)) && !plan.replace {
            return Err(refusal(&folder.join(&file.name)).into());
        }
        unchanged &= present.is_some_and(|hash| hash == file.sha256) && listed.is_some_and(|hash| *hash == file.sha256);
    }
    if !unchanged {
        publish(&folder, staging.path(), &files, known, &checksum_path)?;
    }
    Ok(GeneratedMonth { folder, files, unchanged })
}

fn refusal_of_kept(folder: &Path, kept: &Path) -> Failure {
    let (folder, kept) = (folder.display(), kept.display());
    Failure::parameters(format!("raw_root: {folder} lies in {kept}, which only the lake's own tasks may change"))
        .hint("name a place outside of the lake")
}

/// Refuses what is no regular file: opening a FIFO waits for ever.
fn refuse_irregular(path: &Path) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let failure = Failure::parameters(format!("{} is there and no regular file", path.display()));
            Err(failure.hint("remove it, or name another raw_root").into())
        }
        _ => Ok(()),
    }
}

fn refusal(path: &Path) -> Failure {
    Failure::parameters(format!("{} exists (or is listed in CHECKSUM) with other content", path.display()))
        .hint("name another raw_root, dump_month or dump_day, or replace it with --replace=true")
}

fn publish(
    folder: &Path,
    staging: &Path,
    files: &[GeneratedFile],
    known: Checksums,
    checksum_path: &Path,
) -> anyhow::Result<()> {
    // A month with a CHECKSUM counts as complete, so the old one goes before its files change.
    match fs::remove_file(checksum_path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", checksum_path.display()));
        }
        _ => {}
    }
    let mut checksums = known;
    for file in files {
        let path = folder.join(&file.name);
        fs::rename(staging.join(&file.name), &path).with_context(|| format!("cannot write {}", path.display()))?;
        checksums.insert(file.name.clone(), file.sha256.clone());
    }
    let unfinished = staging.join("CHECKSUM");
    write_checksums(&unfinished, &checksums)
        .and_then(|()| fs::rename(&unfinished, checksum_path))
        .and_then(|()| File::open(folder)?.sync_all())
        .with_context(|| format!("cannot write {}", checksum_path.display()))
}

/// Writes the lines in the order of their hashes: upstream has no order, so a reader must not rely on one.
fn write_checksums(path: &Path, checksums: &Checksums) -> std::io::Result<()> {
    let mut lines: Vec<String> = checksums.iter().map(|(name, hash)| format!("{hash} {name}\n")).collect();
    lines.sort_unstable();
    let mut file = File::create(path)?;
    file.write_all(lines.concat().as_bytes())?;
    file.sync_all()
}

/// Reads an existing CHECKSUM. Lines of entities that this call does not write are kept.
fn read_checksums(path: &Path) -> anyhow::Result<Checksums> {
    refuse_irregular(path)?;
    match fs::read_to_string(path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(hash, name)| (name.trim().to_owned(), hash.to_ascii_lowercase()))
            .collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Checksums::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Returns the SHA-256 of a file, or `None` if it is missing.
fn hash_of(path: &Path) -> anyhow::Result<Option<String>> {
    refuse_irregular(path)?;
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        let length = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
    }
    Ok(Some(hex::encode(hasher.finalize())))
}
