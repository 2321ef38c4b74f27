//! The task contract: the promises of every binary, for every way to call it.

mod binaries;
mod malformed;
mod pipes;
mod precedence;
mod progress;
mod result;
mod signals;
mod unknown;
