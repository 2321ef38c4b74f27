//! Digdag task `ingest-artists`; see `discogs_lakehouse::commands::ingest_artists`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::ingest_artists::main()
}
