//! Digdag task `move-catalog`; see `discogs_lakehouse::commands::move_catalog`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::move_catalog::main()
}
