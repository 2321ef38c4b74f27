//! Digdag task `prune-runs`; see `discogs_lakehouse::commands::prune_runs`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::prune_runs::main()
}
