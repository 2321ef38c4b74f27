//! Digdag task `enforce-retention`; see `discogs_lakehouse::commands::enforce_retention`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::enforce_retention::main()
}
