//! Lines on stderr for people.

use std::fmt;
use std::io::Write;

use super::printable;

/// Writes one line for people to stderr, and escapes the characters that a terminal would act on.
///
/// Each line is one write, because parallel tasks share the terminal and their lines must not mix. A closed stderr is
/// no error.
pub fn say_line(line: impl fmt::Display) {
    let line = line.to_string();
    let _ = std::io::stderr().write_all(format!("{}\n", printable(&line)).as_bytes());
}

/// Formats a duration for people: `0.3 s`, `42 s`, `5 min 20 s`, `2 h 5 min`.
pub(crate) fn span(seconds: f64) -> String {
    match seconds.round() as u64 {
        whole if whole < 10 => format!("{seconds:.1} s"),
        whole if whole < 120 => format!("{whole} s"),
        whole if whole < 7200 => format!("{} min {} s", whole / 60, whole % 60),
        whole => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_short() {
        let spans = [(0.04, "0.0 s"), (9.4, "9.4 s"), (41.7, "42 s"), (320.0, "5 min 20 s"), (7500.0, "2 h 5 min")];
        for (seconds, text) in spans {
            assert_eq!(span(seconds), text);
        }
    }
}
