//! Digdag task `rollback`; see `discogs_lakehouse::commands::rollback`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::rollback::main()
}
