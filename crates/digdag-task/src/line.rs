//! Lines for people, on stderr.

use std::fmt;
use std::io::Write;

use super::printable;

/// Writes one line for people on stderr, with what a terminal would act on escaped.
///
/// It is one write, since tasks that run side by side share the terminal and their lines must not mix. That nobody reads it
/// is no error.
pub fn say_line(line: impl fmt::Display) {
    let line = line.to_string();
    let _ = std::io::stderr().write_all(format!("{}\n", printable(&line)).as_bytes());
}
