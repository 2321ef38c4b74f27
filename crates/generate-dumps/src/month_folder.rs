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

/// What [`write_month`] did.
pub struct Written {
    pub folder: PathBuf,
    pub files: Vec<GeneratedFile>,
    /// Every file was there already, with the same bytes.
    pub unchanged: bool,
}

/// File name → SHA-256, as CHECKSUM lists them.
type Checksums = BTreeMap<String, String>;

/// Writes the dumps of a month into `<raw_root>/<YYYY-MM>`, CHECKSUM last.
///
/// All files are made under temporary names first. `on_block` hears which entity has how many bytes of XML more.
///
/// # Errors
/// A parameter failure for a day the month does not have, and, unless `plan.replace`, for a file or a CHECKSUM line
/// that differs from what this plan gives; then nothing was changed.
pub fn write_month(plan: &Plan, on_block: &mut dyn FnMut(Entity, u64)) -> anyhow::Result<Written> {
    let Some(stamp) = plan.month.day(plan.day) else {
        return Err(Failure::parameters(format!("parameter dump_day: {} has no day {}", plan.month, plan.day)).into());
    };
    let folder = plan.raw_root.join(plan.month.to_string());
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let workshop = Scratch::in_folder(&folder, ".generate-dumps-")?;

    let catalogue = Catalogue::new(plan);
    let mut files = Vec::new();
    for &entity in &plan.entities {
        let path = workshop.path().join(format!("discogs_{stamp}_{}.xml.gz", entity.name()));
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
        publish(&folder, workshop.path(), &files, known, &checksum_path)?;
    }
    Ok(Written { folder, files, unchanged })
}

fn refusal(path: &Path) -> Failure {
    Failure::parameters(format!("{} is there already (or in CHECKSUM) with other content", path.display()))
        .hint("give another raw_root, dump_month or dump_day, or replace=true to write over it")
}

fn publish(
    folder: &Path,
    workshop: &Path,
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
        fs::rename(workshop.join(&file.name), &path).with_context(|| format!("cannot write {}", path.display()))?;
        checksums.insert(file.name.clone(), file.sha256.clone());
    }
    let unfinished = workshop.join("CHECKSUM");
    write_checksums(&unfinished, &checksums)
        .and_then(|()| fs::rename(&unfinished, checksum_path))
        .and_then(|()| File::open(folder)?.sync_all())
        .with_context(|| format!("cannot write {}", checksum_path.display()))
}

/// In the order of the hashes: upstream has none, and a reader must not count on one.
fn write_checksums(path: &Path, checksums: &Checksums) -> std::io::Result<()> {
    let mut lines: Vec<String> = checksums.iter().map(|(name, hash)| format!("{hash} {name}\n")).collect();
    lines.sort_unstable();
    let mut file = File::create(path)?;
    file.write_all(lines.concat().as_bytes())?;
    file.sync_all()
}

/// The lines of an existing CHECKSUM: those of entities that are not written this time are kept.
fn read_checksums(path: &Path) -> anyhow::Result<Checksums> {
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

/// SHA-256 of a file, or nothing where there is none.
fn hash_of(path: &Path) -> anyhow::Result<Option<String>> {
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
