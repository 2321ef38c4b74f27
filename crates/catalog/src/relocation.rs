//! Rewrites the metadata of a table whose files were moved with their lake. Metadata, manifest lists and manifests name
//! absolute paths, so each of them is written again, beside the old one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use apache_avro::types::Value;
use apache_avro::{Codec, DeflateSettings, Reader, Writer};
use iceberg::spec::TableMetadata;
use serde_json::Value as Json;

use crate::files::{failed, location_of, path_of, sync_folder, write_new};
use crate::{Error, Result, Session};

/// The content of a file of position deletes, and the status of a removed file, in manifests.
const POSITION_DELETES: Value = Value::Int(1);
const REMOVED: Value = Value::Int(2);

/// Rewrites a table's metadata for the folder in which the table lies now, and returns the location of the new metadata
/// file. The table keeps its snapshots and refs; nothing is rewritten but paths, and no file is changed.
///
/// # Errors
/// Fails if a file that a snapshot names is missing, and if the table has position deletes: their files name data files
/// inside. Removes what it wrote before.
pub fn relocate(metadata_file: &Path, folder: &Path, session: Session) -> Result<String> {
    let text = fs::read(metadata_file).map_err(failed("read", metadata_file))?;
    let mut metadata: Json = serde_json::from_slice(&text).map_err(|error| unmovable(folder, &error))?;
    let location = metadata["location"].as_str().unwrap_or_default().to_owned();
    let mut relocation = Relocation::new(&path_of(&location), folder, session);
    let outcome = relocation.metadata(&mut metadata, metadata_file);
    if outcome.is_err() {
        for path in &relocation.written {
            let _ = fs::remove_file(path);
        }
    }
    outcome
}

/// The rewriting of one table.
struct Relocation<'t> {
    folder: &'t Path,
    session: Session,
    /// The roots of the lake, before and after the move.
    from: PathBuf,
    to: PathBuf,
    /// The new path and length of each manifest: snapshots share them.
    manifests: HashMap<String, (String, i64)>,
    written: Vec<PathBuf>,
}

impl<'t> Relocation<'t> {
    fn new(old: &Path, folder: &'t Path, session: Session) -> Self {
        let (mut from, mut to) = (old, folder);
        while let (Some(one), Some(other)) = (from.file_name(), to.file_name())
            && one == other
        {
            (from, to) = (from.parent().unwrap_or(from), to.parent().unwrap_or(to));
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        Relocation { folder, session, from, to, manifests: HashMap::new(), written: Vec::new() }
    }

    /// Rewrites the metadata, after all that it names.
    fn metadata(&mut self, metadata: &mut Json, file: &Path) -> Result<String> {
        for snapshot in list(metadata, "snapshots") {
            let old = snapshot["manifest-list"].as_str().unwrap_or_default();
            let number = snapshot["snapshot-id"].as_i64().unwrap_or_default();
            let new = self.manifest_list(old, number)?;
            snapshot["manifest-list"] = Json::String(new);
        }
        for kind in ["statistics", "partition-statistics"] {
            for entry in list(metadata, kind) {
                let old = entry["statistics-path"].as_str().unwrap_or_default();
                entry["statistics-path"] = Json::String(self.existing(old)?);
            }
        }
        for (_, value) in metadata["properties"].as_object_mut().into_iter().flatten() {
            if let Some(new) = value.as_str().and_then(|old| self.moved(old)) {
                *value = Json::String(location_of(&new)?);
            }
        }
        metadata["location"] = Json::String(location_of(self.folder)?);
        // Earlier metadata names the old paths; no reader needs it.
        metadata["metadata-log"] = Json::Array(Vec::new());
        serde_json::from_value::<TableMetadata>(metadata.clone()).map_err(|error| unmovable(self.folder, &error))?;
        let number = file.file_name().and_then(|name| name.to_str()?.split('-').next()?.parse::<u32>().ok());
        let name = format!("{:05}-{}.metadata.json", number.map_or(0, |number| number + 1), self.session);
        let new = self.write(&name, metadata.to_string().as_bytes())?;
        sync_folder(&self.folder.join("metadata"))?;
        location_of(&new)
    }

    /// Rewrites a manifest list, and returns its new location.
    fn manifest_list(&mut self, old: &str, snapshot: i64) -> Result<String> {
        let path = path_of(&self.existing(old)?);
        let bytes = self.rewritten(&path, |relocation, record| {
            let Some(Value::String(manifest)) = field(record, "manifest_path") else { return Ok(()) };
            let (location, length) = relocation.manifest(&manifest.clone())?;
            set(record, "manifest_path", Value::String(location));
            set(record, "manifest_length", Value::Long(length));
            Ok(())
        })?;
        location_of(&self.write(&format!("snap-{snapshot}-1-{}.avro", self.session), &bytes)?)
    }

    /// Rewrites a manifest, and returns its new location and its length.
    fn manifest(&mut self, old: &str) -> Result<(String, i64)> {
        if let Some(known) = self.manifests.get(old) {
            return Ok(known.clone());
        }
        let path = path_of(&self.existing(old)?);
        let bytes = self.rewritten(&path, |relocation, record| {
            let is_removed = field(record, "status") == Some(&REMOVED);
            let Some(file) = field_mut(record, "data_file") else { return Ok(()) };
            if !is_removed && field(file, "content") == Some(&POSITION_DELETES) {
                let why = "a snapshot has position deletes, whose files name data files; before a move, rewrite the table \
                           (optimize in Trino) and expire that snapshot";
                return Err(unmovable(relocation.folder, &why));
            }
            let Some(Value::String(old)) = field(file, "file_path").cloned() else { return Ok(()) };
            // The file of a removed entry may be gone.
            let new = match relocation.moved(&old) {
                Some(moved) if is_removed => location_of(&moved)?,
                _ if is_removed => old,
                _ => relocation.existing(&old)?,
            };
            set(file, "file_path", Value::String(new));
            Ok(())
        })?;
        let name = format!("{}-m{}.avro", self.session, self.manifests.len());
        let new = location_of(&self.write(&name, &bytes)?)?;
        let known = (new, i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        self.manifests.insert(old.to_owned(), known.clone());
        Ok(known)
    }

    /// Returns an Avro file with each record changed. Schema and header stay as they are.
    fn rewritten(
        &mut self,
        path: &Path,
        mut change: impl FnMut(&mut Self, &mut Value) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let bytes = fs::read(path).map_err(failed("read", path))?;
        let avro = |error: apache_avro::Error| unmovable(path, &error);
        let reader = Reader::new(&bytes[..]).map_err(avro)?;
        let (schema, header) = (reader.writer_schema().clone(), reader.user_metadata().clone());
        let mut writer = Writer::with_codec(&schema, Vec::new(), Codec::Deflate(DeflateSettings::default()));
        for (key, value) in &header {
            writer.add_user_metadata(key.clone(), value).map_err(avro)?;
        }
        for record in reader {
            let mut record = record.map_err(avro)?;
            change(self, &mut record)?;
            writer.append(record).map_err(avro)?;
        }
        writer.into_inner().map_err(avro)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join("metadata").join(name);
        self.written.push(path.clone());
        write_new(&path, bytes)?;
        Ok(path)
    }

    /// Returns where a file of the lake lies now; `None` for one outside of it.
    fn moved(&self, location: &str) -> Option<PathBuf> {
        path_of(location).strip_prefix(&self.from).ok().map(|below| self.to.join(below))
    }

    /// Returns the location of a file that must be there, moved or where it was.
    fn existing(&self, location: &str) -> Result<String> {
        match self.moved(location).filter(|moved| moved.is_file()) {
            Some(moved) => location_of(&moved),
            None if path_of(location).is_file() => Ok(location.to_owned()),
            None => Err(unmovable(self.folder, &format!("it names {location}, which is missing"))),
        }
    }
}

fn unmovable(path: &Path, why: &impl std::fmt::Display) -> Error {
    Error::Unmovable(path.to_owned(), why.to_string())
}

fn list<'j>(metadata: &'j mut Json, key: &str) -> impl Iterator<Item = &'j mut Json> + use<'j> {
    metadata.get_mut(key).and_then(Json::as_array_mut).into_iter().flatten()
}

fn field<'v>(record: &'v Value, name: &str) -> Option<&'v Value> {
    match record {
        Value::Record(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
        _ => None,
    }
}

fn field_mut<'v>(record: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match record {
        Value::Record(fields) => fields.iter_mut().find(|(field, _)| field == name).map(|(_, value)| value),
        _ => None,
    }
}

fn set(record: &mut Value, name: &str, value: Value) {
    if let Some(field) = field_mut(record, name) {
        *field = value;
    }
}
