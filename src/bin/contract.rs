//! Digdag task `contract`; see `discogs_lakehouse::commands::contract`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::contract::main()
}
