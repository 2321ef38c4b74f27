//! Digdag task `export-database`; see `discogs_lakehouse::commands::export_database`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::export_database::main()
}
