//! Digdag task `append-bronze-dump`; see `discogs_lakehouse::commands::append_bronze_dump`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::append_bronze_dump::main()
}
