//! Digdag task `export-history`; see `discogs_lakehouse::commands::export_history`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::export_history::main()
}
