//! Types of parameter values: booleans, durations, sizes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Parses a boolean. Digdag turns every value that passes through `${…}` into text, so `"true"` is `true`.
///
/// # Errors
/// Returns a message with the expected form.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A boolean parameter: `--replace`, `--replace=true` or `--replace=false`.
///
/// A field `#[arg(long)] replace: Switch` needs no further attributes: [`crate::main`] gives every argument of this
/// type its value name, its optional value and, unless it has one, the default `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(pub bool);

impl Switch {
    /// Returns whether the switch is on.
    pub fn is_on(self) -> bool {
        self.0
    }
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        boolean(text).map(Switch)
    }
}

/// Parses a duration: `6h`, `1h 30m`, `500ms`; a bare number is seconds.
///
/// # Errors
/// Returns a message with the expected form.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.trim().parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: Result<jiff::SignedDuration, _> = text.parse();
    let span = span.ok().and_then(|span| Duration::try_from(span).ok());
    span.ok_or_else(|| "expected a duration such as 6h, 90m or 30s".to_owned())
}

/// A size in bytes: `512MB`, `2GiB`, `4194304`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a size such as 512MB, 2GiB or 4194304".to_owned();
        let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = text.trim()[digits.len()..].trim().to_ascii_lowercase();
        let factor: u64 = match unit.as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1000 * 1000,
            "gb" => 1000 * 1000 * 1000,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            _ => return Err(expected()),
        };
        let number: u64 = digits.parse().map_err(|_| expected())?;
        number.checked_mul(factor).map(ByteSize).ok_or_else(expected)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, millis) in [("6h", 21_600_000), ("1h 30m", 5_400_000), ("90", 90_000), ("50ms", 50), ("0", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-1h", "-5", "soon", "1 parsec"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [("0", 0), ("4096", 4096), ("512MB", 512_000_000), ("2GiB", 2 << 30), ("1 k", 1024)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "MB", "1TBX", "-1", "99999999999999999999", "1.5GB", "18446744073709551615KB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
