//! A shell for the lake; see `lakeshell::main`.

fn main() -> std::process::ExitCode {
    lakeshell::main()
}
