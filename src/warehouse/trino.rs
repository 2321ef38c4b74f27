//! A table of the warehouse built on a Trino cluster.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use hashing_writer::HashingWriter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::contract::{Contract, Table};
use crate::lake::{Counted, DataFile, Dataset, InputIdentity, Producer, Run, StagedDataset};
use crate::parquet::{arrow_schema, column_descriptions};
use crate::sql::{DuckDb, Engine, EngineSelection, SqlFile, quoted};
use crate::tables::register::{Checksum, WrittenByTrino, checksum, register_run};
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
        let folder = self.staging.join(format!("trino__{}", self.table.name));
        let (lake, parameters) = (self.run.lake(), &self.parameters.trino);
        let written = WrittenByTrino { lake, schema: &schema, parameters, folder: &folder };
        let with_filter = self.table.columns.iter().filter(|column| column.bloom_filter);
        let with_filter: Vec<_> = with_filter.map(|column| column.name.as_str()).collect();
        let query = (self.query.text.as_str(), self.query.path.as_str());
        let files = written.write(&self.table.name, query, &self.columns(), &with_filter, |files, expected| {
            self.take(files, &staged, &expected)
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
    fn take(&self, from: &[PathBuf], staged: &StagedDataset, expected: &Checksum) -> anyhow::Result<Vec<DataFile>> {
        let mut files = Vec::new();
        let mut parts = Vec::new();
        for from in from {
            let to = staged.part_path(files.len());
            let (bytes, sha256) = copy(from, &to)?;
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
        let found = checksum(&duckdb, &quoted(&self.table.name), &self.columns())?;
        if found != *expected {
            return Err(Failure::external(format!(
                "{} was built by Trino with {} rows, checksum {}; its files have {} rows, checksum {}",
                self.table.name, expected.rows, expected.sum, found.rows, found.sum
            ))
            .hint("nothing was committed; build it with engine=duckdb")
            .into());
        }
        Ok(files)
    }

    fn columns(&self) -> Vec<&str> {
        self.table.columns.iter().map(|column| column.name.as_str()).collect()
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
