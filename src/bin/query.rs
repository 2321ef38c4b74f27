//! Digdag task `query`; see `discogs_lakehouse::commands::query`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::query::main()
}
