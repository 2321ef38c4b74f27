//! A Digdag task in ten lines: `py>: greet` with the parameter `name` stores `greet.greeting`.

use clap::Parser;

/// Greet a person
#[derive(Parser)]
#[command(name = "greet", version)]
struct Greet {
    /// Whom to greet
    #[arg(long)]
    name: String,
}

fn main() -> std::process::ExitCode {
    digdag_task::main(|greet: Greet, call| {
        call.set_detail("greeting", format!("Hello, {}!", greet.name));
        Ok(())
    })
}
