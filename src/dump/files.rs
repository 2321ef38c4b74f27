//! Finds and opens the dump files of a month.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;

use super::{Entity, Kind, PublishedName, parse_checksums, read_checksums};
use crate::lake::DumpMonth;
use crate::store::{ObjectAddress, OpenObject, S3Args};
use digdag_task::{Failure, Quiet};

/// A dump file, with the size and time that it had when it was opened.
#[derive(Clone, Debug)]
pub struct DumpFile {
    /// The absolute path, without symbolic links; of an object its location, `s3://bucket/key`.
    pub path: PathBuf,
    /// The size of the packed file.
    pub bytes: u64,
    /// The modification time in nanoseconds since 1970.
    pub modified: i64,
    /// The hash in the CHECKSUM file, if there is such a file.
    pub published_sha256: Option<String>,
    /// The object, if the dump is one.
    pub object: Option<Arc<OpenObject>>,
}

/// The four dumps of a month.
#[derive(Clone, Debug)]
pub struct DumpSet {
    /// The date of publication, `YYYYMMDD`.
    pub date: String,
    /// One dump file per entity.
    pub files: BTreeMap<Entity, DumpFile>,
}

impl DumpFile {
    /// Reads the size and time of a dump file.
    ///
    /// # Errors
    /// Returns an error of class `Input` if the file is missing, cannot be inspected or is not a regular file.
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
            object: None,
        })
    }

    /// Like [`DumpFile::open`], for a path that may be the location of an object, on a server that is reached so.
    ///
    /// # Errors
    /// Fails like [`DumpFile::open`], and if the server refuses.
    pub fn open_at(path: &Path, server: &S3Args) -> anyhow::Result<Self> {
        let Some(address) = object_at(path)? else { return DumpFile::open(path) };
        let found = address
            .open(server, &Quiet)?
            .ok_or_else(|| Failure::input(format!("the dump {address} is missing")).hint(NAMES))?;
        let modified = found.modified().map_or(0, Timestamp::as_nanosecond);
        Ok(DumpFile {
            path: path.to_owned(),
            bytes: found.bytes(),
            modified: i64::try_from(modified).unwrap_or_default(),
            published_sha256: None,
            object: Some(Arc::new(found)),
        })
    }

    /// Returns the file name without the folder.
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// Refuses a file whose sha256 is not the published one. Accepts any if none is known.
    ///
    /// # Errors
    /// Returns an error of class `Input` if they differ.
    pub fn expect_sha256(&self, sha256: &str) -> Result<(), Failure> {
        match &self.published_sha256 {
            Some(published) if published != sha256 => {
                Err(Failure::input(format!("{} does not match its CHECKSUM file", self.path.display()))
                    .hint("fetch the dump again"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a file that was published in another month, by its name. Accepts a file whose name has no date.
    ///
    /// # Errors
    /// Returns an error of class `Parameters` if the date in the name is of another month.
    pub fn expect_month(&self, month: &DumpMonth) -> Result<(), Failure> {
        match PublishedName::parse(&self.name()) {
            Some(name) if !name.stamp().starts_with(&month.compact()) => Err(Failure::parameters(format!(
                "the dump {} is of another month than {month}",
                self.path.display()
            ))
            .hint(
                "give that month's dump, or none: a variable such as DISCOGS_ARTISTS_DUMP may be left from last month",
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses a place in object storage for a task that writes dumps: it writes them into a folder.
///
/// # Errors
/// Returns an error of class `Parameters` for `s3://…`.
pub fn require_folder(raw_root: &Path) -> Result<(), Failure> {
    match raw_root.to_str().is_some_and(|text| text.starts_with("s3://")) {
        true => {
            Err(Failure::parameters("parameter raw_root: expected a folder; dumps in object storage are only read")
                .hint("name a folder, and copy the dumps from there"))
        }
        false => Ok(()),
    }
}

fn missing(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("the dump {} cannot be opened: {error}", path.display())).hint(NAMES)
}

const NAMES: &str = "give the path of a discogs_YYYYMMDD_<entity>.xml.gz";

/// Returns the object that a path is the location of, or `None` for a local path.
///
/// # Errors
/// Returns an error of class `Parameters` if the location names no bucket and key.
pub fn object_at(path: &Path) -> Result<Option<ObjectAddress>, Failure> {
    match path.to_str().filter(|text| text.starts_with("s3://")) {
        Some(location) => location
            .parse()
            .map(Some)
            .map_err(|expected: String| Failure::parameters(format!("the dump {location}: {expected}"))),
        None => Ok(None),
    }
}

impl DumpSet {
    /// Finds the dumps of the newest complete date in `<raw_root>/<month>/`. `given` holds the files that the user
    /// named; if the user named all four, the date is taken from their names. The CHECKSUM file beside a dump provides
    /// its expected hash. `raw_root` may be `s3://bucket/prefix` on a server that is reached so.
    ///
    /// # Errors
    /// Returns an error of class `Input` if the folder cannot be read, no date is complete, a dump is missing or a
    /// CHECKSUM file is malformed, and of class `Parameters` if a dump is of another month.
    pub fn find(
        raw_root: &Path,
        month: &DumpMonth,
        given: &BTreeMap<Entity, PathBuf>,
        server: &S3Args,
    ) -> anyhow::Result<Self> {
        let folder = raw_root.join(month.as_str());
        let mut files = BTreeMap::new();
        let mut date = None;
        if given.len() < Entity::ALL.len() {
            let dates = dates_in(&folder, month, server)?;
            let wanted: Vec<_> = Entity::ALL.into_iter().filter(|entity| !given.contains_key(entity)).collect();
            let complete = dates.iter().rev().find(|(_, there)| wanted.iter().all(|entity| there.contains_key(entity)));
            let Some((newest, there)) = complete else { return Err(incomplete(&folder, &dates, &wanted).into()) };
            date = Some(newest.clone());
            for entity in wanted {
                files.insert(entity, open_with_checksum(&there[&entity], server)?);
            }
        }
        for (entity, path) in given {
            files.insert(*entity, open_with_checksum(path, server)?);
        }
        for file in files.values() {
            file.expect_month(month)?;
        }
        let date = date.or_else(|| date_of_all(&files)).unwrap_or_else(|| format!("{}01", month.compact()));
        Ok(DumpSet { date, files })
    }
}

/// Opens a dump, with its hash from the CHECKSUM file of the same date if that file is in the same folder.
fn open_with_checksum(path: &Path, server: &S3Args) -> anyhow::Result<DumpFile> {
    let mut file = DumpFile::open_at(path, server)?;
    if let Some(name) = PublishedName::parse(&name_of(path)) {
        let checksums = path.with_file_name(format!("discogs_{}_CHECKSUM.txt", name.stamp()));
        let listed = match object_at(&checksums)? {
            Some(address) => match address.text(server, &Quiet)? {
                Some(text) => Some(parse_checksums(&text, &address.to_string())?),
                None => None,
            },
            None if checksums.exists() => Some(read_checksums(&checksums)?),
            None => None,
        };
        file.published_sha256 = listed.and_then(|mut listed| listed.remove(&file.name()));
    }
    Ok(file)
}

/// Returns the date in the names of all files, if all have the same.
fn date_of_all(files: &BTreeMap<Entity, DumpFile>) -> Option<String> {
    let mut dates = files.values().map(|file| PublishedName::parse(&file.name()).map(|name| name.stamp()));
    let first = dates.next()??;
    dates.all(|date| date.as_ref() == Some(&first)).then_some(first)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Date → entity → path of the dump.
type Dates = BTreeMap<String, BTreeMap<Entity, PathBuf>>;

/// Lists the dumps of a month by date.
fn dates_in(folder: &Path, month: &DumpMonth, server: &S3Args) -> anyhow::Result<Dates> {
    let mut dates = Dates::new();
    for file in names_in(folder, server)? {
        let name = PublishedName::parse(&file);
        if let Some(name) = name.filter(|name| name.stamp().starts_with(&month.compact()))
            && let Kind::Dump(entity) = name.kind
        {
            dates.entry(name.stamp()).or_default().insert(entity, folder.join(file));
        }
    }
    Ok(dates)
}

/// Returns the names of the files or objects in the folder of a month.
fn names_in(folder: &Path, server: &S3Args) -> anyhow::Result<Vec<String>> {
    if let Some(address) = object_at(folder)? {
        return address.names(server, &Quiet);
    }
    let entries = fs::read_dir(folder).map_err(|error| {
        Failure::input(format!("the folder of the month's dumps, {}, cannot be read: {error}", folder.display()))
            .hint("put the four dumps there, or set raw_root and dump_month to their location")
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        names.extend(entry.file_name().to_str().map(str::to_owned));
    }
    Ok(names)
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
