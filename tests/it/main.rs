//! Tests through the binaries, as users meet them: one module a behaviour.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod generate;
mod lake;
mod lakehouse;
mod recordings;
mod support;
mod task;
mod workflow;
