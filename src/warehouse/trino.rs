//! A table of the warehouse built on a Trino cluster.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use hashing_writer::HashingWriter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::contract::{Contract, Table};
use crate::lake::{Counted, DataFile, Dataset, InputIdentity, Producer, Run, StagedDataset};
use crate::parquet::{arrow_schema, column_descriptions};
use crate::sql::{DuckDb, Engine, EngineSelection, SqlFile, quoted, text_literal};
use crate::tables::register::{marked, register_run};
use digdag_task::{Failure, SharedObserver};

/// A build of one table of the warehouse by Trino.
///
/// ```text
/// CREATE TABLE … AS ─▶ _staging/build-warehouse/trino__<table>/   Trino's files, under Trino's names
///    rows, checksum as Trino reads them ┐
///                                       ├─ equal, or nothing is committed
///    rows, checksum as DuckDB reads them ┘
///                       copied to the dataset's part files ─▶ committed like every dataset
/// ```
///
/// Files are copied, not moved: Trino may run as another user, and each byte is read for its SHA-256 anyway.
pub(super) struct TrinoBuild<'b> {
    /// The run that receives the table.
    pub run: &'b Run,
    /// The contract of the run.
    pub contract: &'b Contract,
    /// The table to build.
    pub table: &'b Table,
    /// The query of the table.
    pub query: &'b SqlFile,
    /// The connection, and the bounds of DuckDB.
    pub parameters: &'b EngineSelection,
    /// Receives the progress.
    pub observer: &'b SharedObserver,
    /// The task's staging folder.
    pub staging: &'b Path,
}

impl TrinoBuild<'_> {
    /// Builds the table and returns it with its dataset, ready to commit.
    ///
    /// # Errors
    /// Returns an error if Trino fails, if the rows that DuckDB reads differ from those that Trino reported, or if
    /// Trino's files cannot be copied.
    pub fn build(
        &self,
        staged: StagedDataset,
        producer: &Producer,
        inputs: &[InputIdentity],
    ) -> anyhow::Result<(StagedDataset, Dataset)> {
        let schema = register_run(self.contract, self.run, &self.parameters.trino, self.observer)?;
        let trino = schema.trino();
        let folder = self.staging.join(format!("trino__{}", self.table.name));
        let lake = self.run.lake().root();
        let below = folder.strip_prefix(lake).context("the staging folder is in the lake")?;
        let location = self.parameters.trino.location(lake, &below.to_string_lossy());
        let built = format!("{}__built", self.table.name);
        let comment = marked(&format!("{}, on its way into the run.", self.table.name), &[&location]);
        let with_filter = self.table.columns.iter().filter(|column| column.bloom_filter);
        let with_filter: Vec<_> = with_filter.map(|column| text_literal(&column.name)).collect();

        // An interrupted build may have left its table.
        schema.drop_ours(&built)?;
        let create = SqlFile::load("trino/build")?;
        let places = [
            ("table", &*schema.table(&built)),
            ("comment", &text_literal(&comment)),
            ("location", &text_literal(&location)),
            ("bloom_filter_columns", &with_filter.join(", ")),
            ("query", &trino.with_functions(&self.query.text)),
        ];
        let result = trino
            .execute(&create.with(&places), &self.query.path)
            .and_then(|()| self.checksum(trino, &quoted(&built)))
            .and_then(|expected| self.take(&folder, &staged, expected));
        // The dataset has its own files, so Trino's table is dropped after a success and after an error.
        let dropped = schema.drop_table(&built);
        let files = result?;
        dropped?;
        fs::remove_dir_all(&folder).with_context(|| {
            format!("cannot remove {}: Trino must write with the rights of this task's user", folder.display())
        })?;
        let dataset = Dataset {
            format: Dataset::FORMAT,
            table: self.table.folder(),
            run_id: self.run.id().clone(),
            rows: files.iter().map(|file| file.rows).sum(),
            files,
            columns: column_descriptions(self.table),
            inputs: inputs.to_vec(),
            producer: producer.clone(),
            counted: Counted::default(),
            shared: Default::default(),
        };
        Ok((staged, dataset))
    }

    /// Copies Trino's files into the dataset, and verifies their rows and checksum against those that Trino reported.
    fn take(&self, folder: &Path, staged: &StagedDataset, expected: Checksum) -> anyhow::Result<Vec<DataFile>> {
        let mut files = Vec::new();
        let mut parts = Vec::new();
        for from in data_files(folder)? {
            let to = staged.part_path(files.len());
            let (bytes, sha256) = copy(&from, &to)?;
            let rows = self.rows_of(&to)?;
            files.push(DataFile { name: staged.part_name(files.len()), rows, bytes, sha256 });
            parts.push(to);
        }
        if files.is_empty() {
            return Err(Failure::external(format!("Trino wrote no file for {}", self.table.name))
                .hint("is the lake mounted writable where trino_lake_root says? DISCOGS_LAKE_ACCESS=rw in compose")
                .into());
        }
        let duckdb = DuckDb::open(&self.parameters.duckdb, &self.staging.join("spill"))?;
        duckdb.mount(&self.table.name, &parts)?;
        let found = self.checksum(&duckdb, &quoted(&self.table.name))?;
        if found != expected {
            return Err(Failure::external(format!(
                "{} was built by Trino with {} rows, checksum {}; its files have {} rows, checksum {}",
                self.table.name, expected.rows, expected.sum, found.rows, found.sum
            ))
            .hint("nothing was committed; build it with engine=duckdb")
            .into());
        }
        Ok(files)
    }

    fn checksum(&self, engine: &dyn Engine, table: &str) -> anyhow::Result<Checksum> {
        let file = SqlFile::load("engine/checksum")?;
        let cell = |column: &crate::contract::Column| {
            format!("coalesce('=' || CAST({} AS VARCHAR), '-')", quoted(&column.name))
        };
        let row: Vec<_> = self.table.columns.iter().map(cell).collect();
        let sql = file.with(&[("row", &row.join(" || chr(31) || ")), ("table", table)]);
        let rows = engine.rows(&sql, &file.path)?;
        let row = rows.first().context("a checksum without a row")?;
        let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        Ok(Checksum { rows: cell(0), sum: cell(1) })
    }

    /// Returns the rows of a file, after comparing its columns with the contract.
    fn rows_of(&self, path: &Path) -> anyhow::Result<u64> {
        let cannot = || format!("{} is not Parquet", path.display());
        let reader = SerializedFileReader::new(File::open(path).with_context(cannot)?).with_context(cannot)?;
        let metadata = reader.metadata().file_metadata();
        let found = parquet_to_arrow_schema(metadata.schema_descr(), None).with_context(cannot)?;
        let declared = arrow_schema(self.table);
        let shape = |schema: &arrow::datatypes::Schema| -> Vec<_> {
            schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        anyhow::ensure!(shape(&found) == shape(&declared), "{} gives other columns than the contract", self.query.path);
        Ok(u64::try_from(metadata.num_rows())?)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Checksum {
    rows: String,
    sum: String,
}

/// Returns the files that Trino wrote, sorted by name, without the checksum files that Hadoop adds.
fn data_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        if !entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<(u64, String)> {
    let cannot = || format!("cannot copy {} to {}", from.display(), to.display());
    let mut source = File::open(from).with_context(cannot)?;
    let mut sink = HashingWriter::new(BufWriter::with_capacity(1 << 20, File::create_new(to).with_context(cannot)?));
    std::io::copy(&mut source, &mut sink).with_context(cannot)?;
    let (mut file, bytes, sha256) = sink.finish();
    file.flush().with_context(cannot)?;
    // Synced through the handle that wrote: the kernel reports a write error to it, but not always to one opened later.
    file.get_ref().sync_all().with_context(|| format!("cannot flush {} to the disk", to.display()))?;
    Ok((bytes, sha256))
}
