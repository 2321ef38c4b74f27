//! Digdag task `download-dumps`; see `discogs_lakehouse::commands::download_dumps`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::download_dumps::main()
}
