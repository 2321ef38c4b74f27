use std::fmt;
use std::io::Write;

/// A line for people, on stderr. In one write: tasks that run side by side share the terminal, and their lines must not
/// mix. Nobody reading it changes nothing.
pub fn say_line(line: impl fmt::Display) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
