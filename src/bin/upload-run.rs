//! Digdag task `upload-run`; see `discogs_lakehouse::commands::upload_run`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::upload_run::main()
}
