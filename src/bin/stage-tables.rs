//! Digdag task `stage-tables`; see `discogs_lakehouse::commands::stage_tables`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::stage_tables::main()
}
