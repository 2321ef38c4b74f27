//! Digdag task `export-metrics`; see `discogs_lakehouse::commands::export_metrics`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::export_metrics::main()
}
