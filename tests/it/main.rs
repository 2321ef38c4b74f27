//! Tests through the binaries, as users meet them: one module a behaviour.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod documentation;
mod generate;
mod proof;
mod recordings;
mod support;
mod trino;
mod workflow;
