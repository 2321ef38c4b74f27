//! Ingests a user's collection, the API's pages or the site's CSV export, into the table `collection`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::contract::Table;
use crate::ingest::record::collection::Collection;
use crate::lake::{Counted, Dataset, InputIdentity, Producer, Run, WritableRun, read_regular, sha256_of_file};
use crate::parquet::{DatasetWriter, ParquetEncodings, arrow_schema};
use digdag_task::Failure;

/// The files of a collection, with their identities.
pub struct CollectionFiles {
    /// The paths, in the order of the pages.
    pub files: Vec<PathBuf>,
    /// The name, size and hash of each file.
    pub inputs: Vec<InputIdentity>,
}

impl CollectionFiles {
    /// Finds and hashes the pages in a folder, or the one file.
    ///
    /// # Errors
    /// Returns an error of class `Input` if `given` cannot be read or no file matches the pattern, and an I/O error if
    /// a file cannot be read.
    pub fn find(given: &Path, pattern: &glob::Pattern) -> anyhow::Result<Self> {
        let files = pages(given, pattern)?;
        let mut inputs = Vec::new();
        for file in &files {
            let (bytes, sha256) = sha256_of_file(file)?;
            inputs.push(InputIdentity { name: file_name(file), bytes, sha256, modified: None });
        }
        Ok(CollectionFiles { files, inputs })
    }

    /// Writes the collection into the run's table and returns its dataset.
    ///
    /// # Errors
    /// Returns an error of class `Input` for a file that is neither JSON of the API nor the site's CSV, and an I/O
    /// error if the dataset cannot be written or committed.
    pub fn ingest(
        &self,
        run: &Run,
        writable: &WritableRun,
        table: &Table,
        producer: &Producer,
        replace: bool,
    ) -> anyhow::Result<Dataset> {
        let staging = writable.staging()?;
        let mut writer = DatasetWriter::new(table, staging.dataset(run, &table.folder())?)?
            .with_encodings(ParquetEncodings::of(producer));
        let schemas = [arrow_schema(table)];
        let mut collection = Collection::default();
        for file in &self.files {
            let text = String::from_utf8(read_regular(file)?)
                .map_err(|error| Failure::input(format!("{}: {error}", file.display())).hint("write it as UTF-8"))?;
            // Windows tools start UTF-8 files with a byte order mark, which JSON and CSV do not allow.
            let text = text.trim_start_matches('\u{feff}');
            let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
            let read = if csv { collection.read_csv(text) } else { collection.read_page(text) };
            read.map_err(|what| {
                Failure::input(format!("{}: {what}", file.display()))
                    .hint("give pages as the API sends them, or the CSV export of the site")
            })?;
            for batch in collection.finish(&schemas)? {
                writer.append(batch)?;
            }
        }
        let counted =
            Counted { records: Some(collection.items()), anomalies: collection.anomalies(), ..Counted::default() };
        let (staged, dataset) = writer.finish(run, producer, &self.inputs, &counted)?;
        writable.commit(staged, &dataset, replace)?;
        Ok(dataset)
    }
}

/// Returns the pages of a folder in the order of their numbers, or the one file.
fn pages(given: &Path, pattern: &glob::Pattern) -> anyhow::Result<Vec<PathBuf>> {
    let metadata = fs::metadata(given).map_err(|error| cannot_read(given, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![given.to_owned()]);
    }
    let mut pages = Vec::new();
    for entry in fs::read_dir(given).map_err(|error| cannot_read(given, &error))? {
        let path = entry.with_context(|| format!("cannot list {}", given.display()))?.path();
        if pattern.matches(&file_name(&path)) {
            pages.push(path);
        }
    }
    if pages.is_empty() {
        return Err(Failure::input(format!("{} holds no file like {pattern}", given.display()))
            .hint("set collection_pattern to how the pages are named")
            .into());
    }
    // Shorter names first, so that page 10 follows page 9.
    pages.sort_by_key(|path| (file_name(path).len(), file_name(path)));
    Ok(pages)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("the collection {} cannot be read: {error}", path.display()))
        .hint("set collection to a folder of pages, a page, or a CSV export")
}
