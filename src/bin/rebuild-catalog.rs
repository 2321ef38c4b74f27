//! Digdag task `rebuild-catalog`; see `discogs_lakehouse::commands::rebuild_catalog`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::rebuild_catalog::main()
}
