//! The files of Iceberg tables in the warehouse: metadata, manifest lists and manifests, which the catalog reads and writes,
//! and the footers of data files.
//!
//! Such an object never changes: its name has the id of its writer's session. So what was read or written once is kept in
//! memory, up to a limit; a task that looks into the same manifests for every table sends each request once.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use lake_catalog::{ListedFile, Objects};
use lake_store::{Address, Condition, Kind, Put};
use sha2::{Digest, Sha256};

use super::remote::{RemoteLake, WarehouseArgs, kind};
use super::unreachable::within_io;
use crate::lake::RunId;
use digdag_task::Quiet;

/// The longest metadata file or manifest that is read.
const MAX_BYTES: u64 = 1 << 30;

/// The bytes of all objects that are kept.
const MAX_KEPT: usize = 64 << 20;

/// The table files in a warehouse. The first request opens it, so a task that only touches local tables needs no login.
pub struct TableFiles {
    address: Address,
    parameters: WarehouseArgs,
    remote: Mutex<Option<Arc<RemoteLake>>>,
    kept: Arc<Mutex<Kept>>,
}

/// Objects that were read or written. All catalogs that a call opens share them.
#[derive(Debug, Default)]
pub struct Kept {
    objects: HashMap<String, Vec<u8>>,
    bytes: usize,
}

impl fmt::Debug for TableFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableFiles").field(&self.address.to_string()).finish()
    }
}

impl TableFiles {
    /// Returns the files in a warehouse, or `None` if the parameters name none. Sends no request.
    pub fn of(parameters: &WarehouseArgs) -> Option<Self> {
        let address = parameters.warehouse.clone()?;
        Some(TableFiles {
            address,
            parameters: parameters.clone(),
            remote: Mutex::default(),
            kept: parameters.kept.clone(),
        })
    }

    /// Returns the warehouse's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the location of a file of a run.
    pub fn location_of(&self, id: &RunId, path: &str) -> String {
        format!("{}/_runs/{id}/{path}", self.address)
    }

    /// Returns the warehouse.
    ///
    /// # Errors
    /// Fails if a setting is invalid or there are no credentials.
    pub fn remote(&self) -> anyhow::Result<Arc<RemoteLake>> {
        let mut remote = unpoisoned(&self.remote);
        match &*remote {
            Some(remote) => Ok(remote.clone()),
            None => {
                let opened = Arc::new(self.parameters.open_required(1, Arc::new(Quiet))?);
                Ok(remote.insert(opened).clone())
            }
        }
    }

    /// Returns the warehouse and the key of a location in it.
    fn key<'l>(&self, location: &'l str) -> io::Result<(Arc<RemoteLake>, &'l str)> {
        let key = location.strip_prefix("s3://").and_then(|place| place.strip_prefix(&self.address.bucket));
        let key = key.and_then(|key| key.strip_prefix('/')).filter(|key| self.address.path(key).is_some());
        let key = key.ok_or_else(|| {
            let why = format!("it lies outside of the lake's warehouse {}", self.address);
            io::Error::new(io::ErrorKind::PermissionDenied, why)
        })?;
        Ok((self.remote().map_err(within_io)?, key))
    }

    fn keep(&self, location: &str, bytes: &[u8]) {
        let mut kept = unpoisoned(&self.kept);
        if kept.bytes + bytes.len() <= MAX_KEPT && !kept.objects.contains_key(location) {
            kept.bytes += bytes.len();
            kept.objects.insert(location.to_owned(), bytes.to_vec());
        }
    }
}

impl Objects for TableFiles {
    fn read(&self, location: &str) -> io::Result<Vec<u8>> {
        if let Some(bytes) = unpoisoned(&self.kept).objects.get(location) {
            return Ok(bytes.clone());
        }
        let (remote, key) = self.key(location)?;
        let object = remote.call(|bucket| bucket.get(key, MAX_BYTES)).map_err(within_io)?;
        let object = object.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such object"))?;
        self.keep(location, &object.bytes);
        Ok(object.bytes)
    }

    fn read_range(&self, location: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        let (remote, key) = self.key(location)?;
        let object = remote.call(|bucket| bucket.get_range(key, range.clone(), None)).map_err(within_io)?;
        Ok(object.bytes)
    }

    fn write_new(&self, location: &str, bytes: &[u8]) -> io::Result<()> {
        let (remote, key) = self.key(location)?;
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let content_type = if key.ends_with(".json") { "application/json" } else { "application/octet-stream" };
        let put = Put { sha256: &sha256, condition: Condition::Absent, content_type };
        match remote.call(|bucket| bucket.put(key, bytes, &put)) {
            Ok(_) => {}
            // An earlier attempt of this task, whose answer was lost, may have written it.
            Err(error) if kind(&error) == Some(Kind::Condition) => {
                let there = remote.call(|bucket| bucket.get(key, MAX_BYTES)).map_err(within_io)?;
                if there.is_none_or(|there| there.bytes != bytes) {
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is another object"));
                }
            }
            Err(error) => return Err(within_io(error)),
        }
        self.keep(location, bytes);
        Ok(())
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<ListedFile>> {
        let (remote, key) = self.key(prefix)?;
        let listed = remote.call(|bucket| bucket.list(key)).map_err(within_io)?;
        let file = |object: lake_store::Listed| ListedFile {
            path: PathBuf::from(format!("s3://{}/{}", self.address.bucket, object.key)),
            bytes: object.bytes,
            // One without a time counts as new, so that nothing removes it.
            modified: object.modified.map_or_else(SystemTime::now, SystemTime::from),
        };
        Ok(listed.into_iter().map(file).collect())
    }

    fn remove(&self, location: &str) -> io::Result<()> {
        let (remote, key) = self.key(location)?;
        remote.call(|bucket| bucket.delete(key)).map_err(within_io)?;
        let mut kept = unpoisoned(&self.kept);
        if let Some(bytes) = kept.objects.remove(location) {
            kept.bytes -= bytes.len();
        }
        Ok(())
    }
}

/// A thread that panicked leaves the values whole.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
