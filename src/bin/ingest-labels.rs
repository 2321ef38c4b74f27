//! Digdag task `ingest-labels`; see `discogs_lakehouse::commands::ingest_labels`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::ingest_labels::main()
}
