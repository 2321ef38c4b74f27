//! Digdag task `upsert-table`; see `discogs_lakehouse::commands::upsert_table`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::upsert_table::main()
}
