//! The task contract: what holds for every binary, however it is called.

mod binaries;
mod malformed;
mod pipes;
mod precedence;
mod progress;
mod result;
mod signals;
mod unknown;
