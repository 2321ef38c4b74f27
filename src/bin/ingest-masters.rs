//! Digdag task `ingest-masters`; see `discogs_lakehouse::commands::ingest_masters`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::ingest_masters::main()
}
