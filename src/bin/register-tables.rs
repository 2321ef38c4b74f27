//! Digdag task `register-tables`; see `discogs_lakehouse::commands::register_tables`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::register_tables::main()
}
