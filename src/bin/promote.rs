//! Digdag task `promote`; see `discogs_lakehouse::commands::promote`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::promote::main()
}
