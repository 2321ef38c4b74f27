//! The number of tables and snapshots, and the space that they take beside the runs.

use serde::Serialize;

use super::{Tables, failure};
use crate::lake::DiskUsage;

/// The size of the lake's Iceberg tables.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// The number of tables, people's own among them.
    pub tables: usize,
    /// The number of snapshots of all tables.
    pub snapshots: usize,
    /// The files in `_tables`: metadata, and the data of people's own tables.
    pub files: u64,
    /// Their bytes on the disk; a file with several names counts once.
    pub disk_bytes: u64,
}

impl Tables {
    /// Counts tables, snapshots and files.
    ///
    /// # Errors
    /// Fails if the catalog, a table's metadata or the folder of the tables cannot be read.
    pub fn figures(&mut self) -> anyhow::Result<Figures> {
        let tables = self.catalog.load_all().map_err(failure)?;
        let usage = DiskUsage::of(&self.lake.tables_folder())?;
        Ok(Figures {
            tables: tables.len(),
            snapshots: tables.iter().map(|table| table.metadata().snapshots().len()).sum(),
            files: usage.files,
            disk_bytes: usage.disk_bytes(),
        })
    }
}
