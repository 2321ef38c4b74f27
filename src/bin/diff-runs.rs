//! Digdag task `diff-runs`; see `discogs_lakehouse::commands::diff_runs`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::diff_runs::main()
}
