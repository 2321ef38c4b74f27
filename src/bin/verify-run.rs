//! Digdag task `verify-run`; see `discogs_lakehouse::commands::verify_run`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::verify_run::main()
}
