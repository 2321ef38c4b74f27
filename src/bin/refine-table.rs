//! Digdag task `refine-table`; see `discogs_lakehouse::commands::refine_table`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::refine_table::main()
}
