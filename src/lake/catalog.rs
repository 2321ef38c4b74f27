//! Where the lake keeps its Iceberg tables: their metadata, the embedded catalog, and what a publication is about to do.

use std::path::{Path, PathBuf};

use super::Lake;
use super::disk::durable::{remove_file_if_there, rename, sync_folder};

impl Lake {
    /// The file in `_meta` that names a catalog other than the embedded one.
    pub const CATALOG_RECORD: &str = "catalog.json";

    /// The file in `_meta` that names the warehouse in which the tables of runs lie.
    pub const WAREHOUSE_RECORD: &str = "warehouse.json";

    /// The file in `_meta` that says which run is about to be published.
    pub const PUBLICATION: &str = "publication.json";

    /// The file in `_meta` that names the session that writes metadata of tables.
    pub const SESSION: &str = "session.json";

    /// The folder in `_meta` in which a server of the REST catalog records its commits under way.
    pub const REST_CATALOG: &str = "rest-catalog";

    /// Returns the folder of the tables' metadata. The data files stay in their runs.
    pub fn tables_folder(&self) -> PathBuf {
        self.root().join("_tables")
    }

    /// Returns the file of the embedded catalog.
    pub fn catalog_file(&self) -> PathBuf {
        self.meta_file("catalog.sqlite")
    }

    /// Returns the path of a file in `_meta`.
    pub fn meta_file(&self, name: &str) -> PathBuf {
        self.root().join("_meta").join(name)
    }

    /// Removes a file in `_meta`, if it is there.
    ///
    /// # Errors
    /// Fails if the file cannot be removed.
    pub fn remove_meta_file(&self, name: &str) -> anyhow::Result<()> {
        let path = self.meta_file(name);
        remove_file_if_there(&path)?;
        sync_folder(path.parent().unwrap_or(&path))
    }

    /// Returns the place of a catalog that is to replace the embedded one, without what an earlier task left there.
    ///
    /// # Errors
    /// Fails if `_meta/_staging` cannot be prepared.
    pub fn new_catalog_file(&self) -> anyhow::Result<PathBuf> {
        let folder = self.staging_folder();
        self.make_folder(&folder)?;
        let new = folder.join("catalog.sqlite");
        remove_file_if_there(&new)?;
        remove_file_if_there(&journal(&new))?;
        Ok(new)
    }

    /// Puts a whole catalog in the place of the embedded one.
    ///
    /// # Errors
    /// Fails if the file cannot be moved.
    pub fn replace_catalog(&self, new: &Path) -> anyhow::Result<()> {
        // The journal of a killed writer belongs to the old database and would be applied to the new one.
        remove_file_if_there(&journal(&self.catalog_file()))?;
        rename(new, &self.catalog_file())
    }

    /// Removes a catalog that [`Lake::new_catalog_file`] made room for.
    ///
    /// # Errors
    /// Fails if the file cannot be removed.
    pub fn remove_new_catalog(&self, new: &Path) -> anyhow::Result<()> {
        remove_file_if_there(new)?;
        remove_file_if_there(&journal(new))
    }

    /// Removes the embedded catalog, if it is there.
    ///
    /// # Errors
    /// Fails if the file cannot be removed.
    pub fn remove_catalog(&self) -> anyhow::Result<()> {
        remove_file_if_there(&self.catalog_file())?;
        remove_file_if_there(&journal(&self.catalog_file()))?;
        sync_folder(&self.meta_file(""))
    }
}

fn journal(database: &Path) -> PathBuf {
    database.with_extension("sqlite-journal")
}
