//! Digdag task `build-gold`; see `discogs_lakehouse::commands::build_gold`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::build_gold::main()
}
