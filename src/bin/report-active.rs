//! Digdag task `report-active`; see `discogs_lakehouse::commands::report_active`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::report_active::main()
}
