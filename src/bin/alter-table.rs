//! Digdag task `alter-table`; see `discogs_lakehouse::commands::alter_table`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::alter_table::main()
}
