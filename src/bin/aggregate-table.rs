//! Digdag task `aggregate-table`; see `discogs_lakehouse::commands::aggregate_table`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::aggregate_table::main()
}
