//! Digdag task `lake-status`; see `discogs_lakehouse::commands::lake_status`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::lake_status::main()
}
