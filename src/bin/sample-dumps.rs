//! Digdag task `sample-dumps`; see `discogs_lakehouse::commands::sample_dumps`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::sample_dumps::main()
}
