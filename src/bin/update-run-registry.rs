//! Digdag task `update-run-registry`; see `discogs_lakehouse::commands::update_run_registry`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::update_run_registry::main()
}
