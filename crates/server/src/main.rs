//! `lakehouse-server`; see `lakehouse_server`.

fn main() -> std::process::ExitCode {
    discogs_lakehouse::commands::lakehouse_server::main(lakehouse_server::serve)
}
