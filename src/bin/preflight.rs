//! Digdag task `preflight`; see `discogs_lakehouse::commands::preflight`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::preflight::main()
}
