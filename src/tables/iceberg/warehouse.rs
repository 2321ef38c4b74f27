//! The place of the tables of runs: the lake's folder, or the lake's warehouse in object storage.
//!
//! ```text
//! <lake>/_tables/silver/releases_v6/metadata/          over <lake>/_runs/<run_id>/releases_v6/part-….parquet
//! s3://bucket/prefix/_tables/silver/releases_v6/…      over s3://bucket/prefix/_runs/<run_id>/releases_v6/part-….parquet
//! ```
//!
//! The first run that is staged with a warehouse records it in the lake; all tables of runs lie there from then on. People's
//! own tables, and those that are computed from runs, lie in the lake's folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lake_catalog::{Files, Table, path_of};

use super::{Mode, Tables};
use crate::lake::{Manifest, RunId};
use crate::sql::{DuckDb, ObjectParameters};
use crate::store::{Recorded, TableFiles, WarehouseArgs};
use digdag_task::Failure;

/// Where a copy of a run lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunCopy {
    /// In the lake's folder.
    InLake,
    /// In the warehouse.
    InWarehouse,
}

impl Tables {
    /// Makes the warehouse that the parameters name the place of the tables of runs; without one, they stay in their place.
    /// With [`Mode::Commit`] the lake records it. The caller holds the lake's lock.
    ///
    /// # Errors
    /// Fails if the lake has tables of runs in its folder, or if the record cannot be written.
    pub fn lie_in(&mut self, parameters: &WarehouseArgs, mode: Mode) -> anyhow::Result<()> {
        let Some(recorded) = parameters.to_record() else { return Ok(()) };
        let known = self.load()?;
        self.use_warehouse(parameters);
        self.refuse_local(known.values())?;
        if mode == Mode::Commit && Recorded::of(&self.lake)?.as_ref() != Some(&recorded) {
            recorded.record(&self.lake)?;
        }
        Ok(())
    }

    /// Reads and writes the tables of runs in the warehouse that the parameters name.
    pub(super) fn use_warehouse(&mut self, parameters: &WarehouseArgs) {
        if let Some(files) = TableFiles::of(parameters).map(Arc::new) {
            self.catalog.use_files(Files::with(files.clone()));
            self.warehouse = Some(files);
        }
    }

    /// Returns the folder of the tables of runs: a path of the lake, or a location in the warehouse.
    pub(super) fn folder_of_runs(&self) -> PathBuf {
        match &self.warehouse {
            Some(warehouse) => PathBuf::from(format!("{}/_tables", warehouse.address())),
            None => self.lake.tables_folder(),
        }
    }

    /// Requires a run that is about to be staged to be whole in the warehouse, if the tables lie there.
    pub(super) fn require_in_warehouse<'t>(
        &self,
        known: impl Iterator<Item = &'t Table>,
        manifest: &Manifest,
    ) -> anyhow::Result<()> {
        let Some(warehouse) = &self.warehouse else { return Ok(()) };
        self.refuse_local(known)?;
        warehouse.remote()?.require_run(&manifest.run_id, &manifest.manifest_sha256).map(drop)
    }

    fn refuse_local<'t>(&self, mut known: impl Iterator<Item = &'t Table>) -> Result<(), Failure> {
        let Some(warehouse) = &self.warehouse else { return Ok(()) };
        match known.find(|table| !table.metadata().location().starts_with("s3://")) {
            None => Ok(()),
            Some(_) => {
                let (folder, address) = (self.lake.tables_folder(), warehouse.address());
                let hint = format!(
                    "to move them: rebuild-catalog --lake {} --warehouse {address}",
                    self.lake.root().display()
                );
                Err(Failure::parameters(format!(
                    "the tables of runs lie in {}, not in the warehouse {address}",
                    folder.display()
                ))
                .hint(hint))
            }
        }
    }

    /// Returns the run that a file is in, and where that copy of the run lies.
    pub(super) fn run_with(&self, file: &Path) -> Option<(RunId, RunCopy)> {
        let run_below = |folder: &Path| {
            let inside = file.strip_prefix(folder).ok()?;
            inside.components().next()?.as_os_str().to_str()?.parse::<RunId>().ok()
        };
        if let Some(id) = run_below(&self.lake.runs_folder()) {
            return Some((id, RunCopy::InLake));
        }
        let folder = format!("{}/_runs", self.warehouse.as_ref()?.address());
        Some((run_below(Path::new(&folder))?, RunCopy::InWarehouse))
    }

    /// Returns where the copies of runs lie whose files the tables of runs name.
    pub(super) fn copy_of_runs(&self) -> RunCopy {
        if self.warehouse.is_some() { RunCopy::InWarehouse } else { RunCopy::InLake }
    }

    /// Enables an engine to read the objects of the tables.
    pub(super) fn let_reach(&self, engine: &DuckDb, parameters: &ObjectParameters) -> anyhow::Result<()> {
        let Some(warehouse) = &self.warehouse else { return Ok(()) };
        engine.reach(warehouse.address(), &warehouse.remote()?.access()?, parameters)
    }

    /// Returns the local file of a location. That of an object is the lake's own copy of the file, whose bytes are the same,
    /// or `None` if the lake has none.
    pub(super) fn local_path(&self, location: &str) -> Option<PathBuf> {
        if !location.starts_with("s3://") {
            return Some(path_of(location));
        }
        let address = self.warehouse.as_ref()?.address().to_string();
        let below = location.strip_prefix(&address)?.strip_prefix("/_runs/")?;
        Some(self.lake.runs_folder().join(below)).filter(|path| path.is_file())
    }
}
