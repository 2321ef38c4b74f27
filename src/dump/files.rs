use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Entity, read_checksums};
use crate::lake::DumpMonth;
use crate::task::Failure;

/// A dump file as found.
#[derive(Clone, Debug)]
pub struct DumpFile {
    pub path: PathBuf,
    pub bytes: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// What the CHECKSUM file says, where there is one.
    pub published_sha256: Option<String>,
}

/// The four dumps of a month.
#[derive(Clone, Debug)]
pub struct DumpSet {
    /// `YYYYMMDD`.
    pub date: String,
    pub files: BTreeMap<Entity, DumpFile>,
}

impl DumpFile {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let path = fs::canonicalize(path).map_err(|error| missing(path, &error))?;
        let metadata = fs::metadata(&path).map_err(|error| missing(&path, &error))?;
        if !metadata.is_file() {
            return Err(Failure::input(format!("the dump {} is not a file", path.display())).into());
        }
        let modified = metadata.modified().with_context(|| format!("cannot read the time of {}", path.display()))?;
        let modified = jiff::Timestamp::try_from(modified)?.as_nanosecond();
        Ok(DumpFile {
            bytes: metadata.len(),
            modified: i64::try_from(modified).unwrap_or_default(),
            path,
            published_sha256: None,
        })
    }

    /// The name without the folder.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn missing(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("the dump {} cannot be opened: {error}", path.display()))
        .hint("give the path of a discogs_YYYYMMDD_<entity>.xml.gz")
}

impl DumpSet {
    /// Finds the dumps of the newest date in `<raw_root>/<month>/` for which all four are there. `given` names files
    /// that were given by hand; they are taken as they are.
    pub fn find(raw_root: &Path, month: &DumpMonth, given: &BTreeMap<Entity, PathBuf>) -> anyhow::Result<Self> {
        let folder = raw_root.join(month.as_str());
        let mut files = BTreeMap::new();
        let mut date = format!("{}01", month.compact());
        if given.len() < Entity::ALL.len() {
            let dates = dates_in(&folder, month)?;
            let wanted: Vec<_> = Entity::ALL.into_iter().filter(|entity| !given.contains_key(entity)).collect();
            let complete = dates.iter().rev().find(|(_, there)| wanted.iter().all(|entity| there.contains_key(entity)));
            let Some((newest, there)) = complete else { return Err(incomplete(&folder, &dates, &wanted).into()) };
            date = newest.clone();
            let checksum_file = folder.join(format!("discogs_{date}_CHECKSUM.txt"));
            let checksums = if checksum_file.exists() { read_checksums(&checksum_file)? } else { BTreeMap::new() };
            for entity in wanted {
                let mut file = DumpFile::open(&there[&entity])?;
                file.published_sha256 = checksums.get(&file.name()).cloned();
                files.insert(entity, file);
            }
        }
        for (entity, path) in given {
            files.insert(*entity, DumpFile::open(path)?);
        }
        Ok(DumpSet { date, files })
    }
}

type Dates = BTreeMap<String, BTreeMap<Entity, PathBuf>>;

fn dates_in(folder: &Path, month: &DumpMonth) -> anyhow::Result<Dates> {
    let entries = fs::read_dir(folder).map_err(|error| {
        Failure::input(format!("the folder of the month's dumps, {}, cannot be read: {error}", folder.display()))
            .hint("put the four dumps there, or set raw_root and dump_month to where they are")
    })?;
    let mut dates = Dates::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if let Some((date, entity)) = entry.file_name().to_str().and_then(|name| parse_name(name, month)) {
            dates.entry(date).or_default().insert(entity, entry.path());
        }
    }
    Ok(dates)
}

/// The date and entity in `discogs_YYYYMMDD_<entity>.xml.gz`, when the date is in the month.
fn parse_name(name: &str, month: &DumpMonth) -> Option<(String, Entity)> {
    let (date, rest) = name.strip_prefix("discogs_")?.split_once('_')?;
    let entity = Entity::ALL.into_iter().find(|entity| rest.strip_suffix(".xml.gz") == Some(entity.name()))?;
    let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    (digits && date.starts_with(&month.compact())).then(|| (date.to_owned(), entity))
}

fn incomplete(folder: &Path, dates: &Dates, wanted: &[Entity]) -> Failure {
    let message = match dates.iter().next_back() {
        None => format!("{} holds no dump of its month", folder.display()),
        Some((date, there)) => {
            let missing: Vec<_> = wanted
                .iter()
                .filter(|entity| !there.contains_key(entity))
                .map(|entity| format!("discogs_{date}_{entity}.xml.gz"))
                .collect();
            format!("{} lacks {}", folder.display(), missing.join(", "))
        }
    };
    Failure::input(message).hint("a month is complete when artists, labels, masters and releases of one date are there")
}
