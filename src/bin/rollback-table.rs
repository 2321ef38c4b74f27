//! Digdag task `rollback-table`; see `discogs_lakehouse::commands::rollback_table`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::rollback_table::main()
}
