//! Digdag task `download-run`; see `discogs_lakehouse::commands::download_run`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::download_run::main()
}
