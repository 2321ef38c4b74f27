//! Digdag task `append-bronze`; see `discogs_lakehouse::commands::append_bronze`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::append_bronze::main()
}
