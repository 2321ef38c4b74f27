//! Digdag task `ingest-releases`; see `discogs_lakehouse::commands::ingest_releases`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::ingest_releases::main()
}
