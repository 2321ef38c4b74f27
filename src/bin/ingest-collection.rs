//! Digdag task `ingest-collection`; see `discogs_lakehouse::commands::ingest_collection`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::ingest_collection::main()
}
