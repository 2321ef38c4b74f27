//! The task contract: what every binary of this crate has in common.
//!
//! A task takes parameters, does one thing, and reports one outcome:
//!
//! ```text
//! flag > --params FILE (JSON) > environment > default          parameters.rs
//!                     │
//!                   task::main ── progress and messages ──▶ stderr   progress.rs
//!                     │
//!                  Outcome ──▶ stdout, one JSON line               outcome.rs
//!                     ├─────▶ --result FILE, for Digdag's py>      digdag.rs
//!                     └─────▶ <run>/_tasks/<task>.json             Call::record_with
//! ```
//!
//! The exit status is in [`Class`]; signals end a task with 128 plus their number (`stop.rs`).

mod call;
mod digdag;
mod failure;
mod line;
mod memory;
mod observer;
mod outcome;
mod parameters;
mod progress;
mod scratch;
pub mod stop;
mod value;

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;
use parameters::Resolved;

pub use call::Call;
pub use failure::{Class, Failure};
pub use line::say_line;
pub use memory::peak_memory_bytes;
pub use observer::{Amount, Meter, Observer, Quiet, SharedObserver, Unit};
pub use outcome::{InputFile, Outcome, Status, TableCount};
pub use scratch::Scratch;
pub use value::{ByteSize, Switch, boolean, duration};

/// Runs a task as `main`: resolves the parameters, calls `run`, reports the outcome, gives the exit status.
pub fn main<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    let command = P::command();
    let name = command.get_name().to_owned();
    one_line_panics();
    stop::install(&name);

    let mut call = Call::new(&name);
    let argv: Vec<_> = std::env::args_os().collect();
    call.result_file = parameters::result_file(&argv);
    let result = match parameters::resolve::<P>(argv) {
        Ok(Resolved::Task(task)) => std::panic::catch_unwind(AssertUnwindSafe(|| run(task, &mut call)))
            .unwrap_or_else(|_| Err(Failure::unexpected("internal error; the line above says where").into())),
        Ok(Resolved::Text(text)) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(failure) => Err(failure.into()),
    };
    call.finish(result, stop::hold())
}

/// A panic is a bug of ours. It gets one line and no backtrace, whatever `RUST_BACKTRACE` says.
fn one_line_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let message = message.lines().next().unwrap_or_default().to_owned();
        say_line(format_args!("internal error at {place}: {message}; please report it with the command"));
    }));
}
