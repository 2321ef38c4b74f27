//! Digdag task `read-changes`; see `discogs_lakehouse::commands::read_changes`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::read_changes::main()
}
