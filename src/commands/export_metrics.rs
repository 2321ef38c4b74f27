//! `export-metrics`: writes the state of the lake for Prometheus.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use super::LakeArgs;
use crate::lake::{Output, open_stream, output_file, write_whole};
use crate::metrics;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::Call;

/// Write the state of the lake for Prometheus
///
/// Writes sizes, rows, files and snapshots of the Iceberg tables, how long writes took, the age of the published month and
/// its failed checks, in Prometheus' text format. The file appears whole, so node_exporter's textfile collector never
/// reads a part of it. No data file is read.
#[derive(Debug, Parser)]
#[command(name = "export-metrics", version, after_help = EXAMPLE)]
pub struct ExportMetrics {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// File to replace, outside of the lake's runs and tables; - is stdout, which then has no result line
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
}

const EXAMPLE: &str = "\
Example:
  export-metrics --lake /data/lake --to /var/lib/node_exporter/discogs_lake.prom";

/// Runs `export-metrics`.
pub fn main() -> ExitCode {
    super::task(export_metrics)
}

/// Writes the metrics of the lake.
///
/// # Errors
/// Fails if the lake or its catalog cannot be read, or if the file cannot be written.
fn export_metrics(parameters: ExportMetrics, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let output = output_file(&parameters.to)?;
    let text = metrics::gather(&lake, &parameters.catalog)?;
    match &output {
        Output::Stream(stream) => {
            call.take_stdout();
            open_stream(stream)?
                .write_all(text.as_bytes())
                .with_context(|| format!("cannot write to {}", stream.display()))?;
        }
        file => write_whole(file.path(), |target| Ok((&mut &*target).write_all(text.as_bytes())?))?,
    }
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    call.set_metric("samples", samples);
    call.summary(format_args!("{samples} samples"));
    Ok(())
}
