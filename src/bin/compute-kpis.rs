//! Digdag task `compute-kpis`; see `discogs_lakehouse::commands::compute_kpis`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::compute_kpis::main()
}
