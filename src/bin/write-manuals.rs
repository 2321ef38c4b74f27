//! Writes the manuals and completions; see `discogs_lakehouse::commands::write_manuals`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::write_manuals::main()
}
