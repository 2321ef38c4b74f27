//! Digdag task `maintain-tables`; see `discogs_lakehouse::commands::maintain_tables`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::maintain_tables::main()
}
