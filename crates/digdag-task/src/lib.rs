//! Write [Digdag](https://www.digdag.io) tasks in Rust.
//!
//! A task takes parameters, does one thing, and reports one outcome:
//!
//! ```text
//! flag > --params FILE (JSON) > environment > default     parameters.rs, environment.rs
//!                     │
//!               Project::main ── lines and progress ──▶ stderr    call.rs, progress.rs
//!                     │
//!                  Outcome ──▶ stdout, one JSON line              outcome.rs
//!                     ├─────▶ --result FILE, for Digdag's py>     digdag.rs
//!                     └─────▶ the function of Call::record_with
//! ```
//!
//! A task is a [`clap::Parser`] and a function; `examples/greet.rs` is one in ten lines. [`main`] runs it with the
//! defaults, a [`Project`] with a prefix for environment variables and paths that results must not touch. The version
//! in results is the one of the command, from `#[command(version)]`.
//!
//! # Exit status
//! 0 if the task is done, was done already or was skipped; otherwise the number of the failure's [`Class`]; 128 plus
//! the number of the signal that stopped it ([`stop`]).

#![warn(missing_docs)]

mod call;
mod digdag;
mod environment;
mod explain;
mod failure;
mod line;
mod memory;
mod observer;
mod outcome;
mod parameters;
mod progress;
mod project;
mod result_file;
mod scratch;
pub mod stop;
mod terminal;
mod value;

pub use call::{Call, Finished};
pub use failure::{Class, Failure};
pub use line::say_line;
pub use memory::peak_memory_bytes;
pub use observer::{Amount, Meter, Observer, Quiet, SharedObserver, Unit};
pub use outcome::{ErrorReport, InputFile, Outcome, Status, TableCount};
pub use project::{Project, guarded, main, one_line_panics};
pub use result_file::stream;
pub use scratch::Scratch;
pub use terminal::{is_active, printable, printable_json};
pub use value::{ByteSize, Switch, boolean, duration};
