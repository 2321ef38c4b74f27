//! A Spark that is started to rewrite the files of a table.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use lake_catalog::{FILE_BYTES, Login, Store, Table, TableChange};

use super::compaction::SMALL_BYTES;
use crate::lake::Lake;
use crate::sql::{SqlFile, text_literal};
use crate::tables::iceberg::{CatalogArgs, store};
use digdag_task::stop::OnStop;
use digdag_task::{Failure, Scratch};

/// The program of Spark, and its settings.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Spark")]
pub struct SparkParameters {
    /// Program that runs SQL in Spark 3.5
    #[arg(long, value_name = "FILE", default_value = "spark-sql")]
    pub spark_sql: PathBuf,

    /// File with Spark's properties, such as spark.master, and spark.jars with Iceberg's runtime and the catalog's driver
    #[arg(long, value_name = "FILE")]
    pub spark_properties: Option<PathBuf>,
}

/// A Spark over the lake's catalog.
pub struct Spark {
    program: PathBuf,
    /// All properties. They hold the catalog's password, so they go into a file that only this user reads.
    properties: String,
    scratch: Scratch,
}

impl Spark {
    /// Returns a Spark over the catalog of a lake. Starts nothing.
    ///
    /// # Errors
    /// Fails if the catalog is one that Spark cannot open, or if the file of properties cannot be read.
    pub fn over(lake: &Lake, parameters: &SparkParameters, catalog: &CatalogArgs) -> anyhow::Result<Self> {
        let of_file = parameters.spark_properties.as_ref().map(|path| {
            let text = fs::read_to_string(path);
            text.map_err(|error| {
                Failure::parameters(format!("cannot read spark_properties {}: {error}", path.display()))
            })
        });
        let mut properties = of_file.transpose()?.unwrap_or_default();
        properties.push('\n');
        for (key, value) in catalog_properties(lake, catalog)? {
            properties.push_str(&format!("spark.sql.catalog.lake{key} {value}\n"));
        }
        properties.push_str("spark.sql.extensions org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions\n");
        properties.push_str("spark.sql.catalogImplementation in-memory\n");
        // A name without a folder is looked up in PATH; any other must not depend on the folder that Spark starts in.
        let program = match parameters.spark_sql.components().count() {
            0 | 1 => parameters.spark_sql.clone(),
            _ => std::path::absolute(&parameters.spark_sql)?,
        };
        // Not in the lake, which other users may read.
        Ok(Spark { program, properties, scratch: Scratch::of_the_system("discogs-spark.")? })
    }

    /// Rewrites the files of a table.
    pub(super) fn rewrite(&self, table: &Table) -> anyhow::Result<()> {
        let is_sorted = !TableChange::of(table).sort_columns()?.is_empty();
        let text = |number: usize| text_literal(&number.to_string());
        let places = [
            ("table", text_literal(&table.name().to_string())),
            ("strategy", text_literal(if is_sorted { "sort" } else { "binpack" })),
            ("target", text(FILE_BYTES)),
            ("smallest", text(SMALL_BYTES)),
        ];
        let file = SqlFile::load("spark/rewrite_data_files")?;
        self.run(
            &format!("{};\n", file.with(&places.each_ref().map(|(place, value)| (*place, value.as_str())))),
            &file.path,
        )
    }

    fn run(&self, sql: &str, origin: &str) -> anyhow::Result<()> {
        let folder = self.scratch.path();
        let (statement, properties, log) =
            (folder.join("spark.sql"), folder.join("spark.conf"), folder.join("spark.log"));
        fs::write(&statement, sql).with_context(|| format!("cannot write {}", statement.display()))?;
        write_secret(&properties, &self.properties)?;
        let output = |path: &Path| File::create(path).with_context(|| format!("cannot write {}", path.display()));
        let mut command = Command::new(&self.program);
        command.arg("--properties-file").arg(&properties).arg("-f").arg(&statement);
        // Spark starts processes of its own, which a signal to the group ends with it. It writes nothing to this folder.
        command.current_dir(folder).process_group(0).stdout(output(&folder.join("spark.out"))?).stderr(output(&log)?);
        let mut child = command.spawn().map_err(|error| {
            Failure::parameters(format!("cannot start Spark, {}: {error}", self.program.display()))
                .hint("spark_sql names the program; scripts/setup-spark installs a Spark")
        })?;
        let group = rustix::process::Pid::from_child(&child);
        let _on_stop = OnStop::new(move || {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        });
        let status = child.wait().context("cannot wait for Spark")?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        let reason =
            said.lines().find(|line| ["Exception", "Error: ", "error: "].iter().any(|word| line.contains(word)));
        let reason = reason.or_else(|| said.lines().last()).unwrap_or("it said nothing");
        Err(Failure::external(format!("{origin}: Spark ended with {status}: {}", reason.trim()))
            .hint("spark_properties needs spark.jars with iceberg-spark-runtime and the driver of the catalog")
            .into())
    }
}

/// Returns the properties of Spark's catalog `lake`.
fn catalog_properties(lake: &Lake, catalog: &CatalogArgs) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut properties = vec![
        ("", "org.apache.iceberg.spark.SparkCatalog".to_owned()),
        (".warehouse", format!("file://{}", lake.tables_folder().display())),
    ];
    match store(lake, catalog)? {
        Some(Store::Postgres { url, password }) => {
            let (user, place) = url.trim_start_matches("postgres://").split_once('@').unwrap_or(("", &url));
            properties.extend([
                (".type", "jdbc".to_owned()),
                (".uri", format!("jdbc:postgresql://{place}")),
                (".jdbc.user", user.to_owned()),
                (".jdbc.schema-version", "V1".to_owned()),
            ]);
            properties.extend(password.map(|password| (".jdbc.password", password)));
        }
        // Java trusts the authorities of its own trust store, which spark_properties can name.
        Some(Store::Rest { url, login, .. }) => {
            let (uri, warehouse) = url.split_once("?warehouse=").unwrap_or((&url, ""));
            properties.extend([(".type", "rest".to_owned()), (".uri", uri.to_owned())]);
            match login {
                Login::None => {}
                Login::Token(token) => properties.push((".token", token)),
                Login::Credentials { id, secret, token_url, scope } => properties.extend([
                    (".credential", format!("{id}:{secret}")),
                    (".oauth2-server-uri", token_url),
                    (".scope", scope),
                ]),
            }
            if !warehouse.is_empty() {
                properties.push((".warehouse", warehouse.to_owned()));
            }
        }
        Some(Store::Sqlite(_)) | None => {
            return Err(Failure::parameters("Spark cannot open the embedded catalog of a lake")
                .hint("move-catalog moves it to Postgres; engine=duckdb needs no other program")
                .into());
        }
    }
    Ok(properties)
}

/// Writes a file that only this user reads.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}
