//! Tests through the binaries: one module a behaviour.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod recordings;
mod support;
mod workflow;
