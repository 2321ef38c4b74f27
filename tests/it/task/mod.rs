//! The task contract: what holds for every binary, however it is called.

mod binaries;
mod malformed;
mod pipes;
mod precedence;
mod result;
mod signals;
