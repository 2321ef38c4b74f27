//! Digdag task `sanity-check`; see `discogs_lakehouse::commands::sanity_check`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::sanity_check::main()
}
