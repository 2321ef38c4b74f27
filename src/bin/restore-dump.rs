//! Digdag task `restore-dump`; see `discogs_lakehouse::commands::restore_dump`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::restore_dump::main()
}
