//! Digdag task `table-history`; see `discogs_lakehouse::commands::table_history`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::table_history::main()
}
