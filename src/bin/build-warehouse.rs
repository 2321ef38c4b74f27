//! Digdag task `build-warehouse`; see `discogs_lakehouse::commands::build_warehouse`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::build_warehouse::main()
}
