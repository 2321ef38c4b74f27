//! Parses texts of the dump as values.

use std::borrow::Cow;

/// Trims a text like Python's `str.strip`: Unicode white space and U+001C to U+001F. Returns `None` if nothing is left.
#[inline]
pub fn trimmed(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    // Most texts need no trimming; their first and last bytes show it.
    let plain = |byte: Option<&u8>| byte.is_some_and(|byte| (0x21..0x80).contains(byte));
    if plain(text.as_bytes().first()) && plain(text.as_bytes().last()) {
        return Some(text);
    }
    cut(text)
}

fn cut(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    match text {
        Cow::Borrowed(text) => Some(text.trim_matches(is_space)).filter(|text| !text.is_empty()).map(Cow::Borrowed),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(is_space).len());
            let lead = text.len() - text.trim_start_matches(is_space).len();
            text.drain(..lead);
            Some(text).filter(|text| !text.is_empty()).map(Cow::Owned)
        }
    }
}

/// Parses a whole number in ASCII digits that fits 64 bits.
pub fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Parses `true` or `false`.
pub fn flag(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// Parses the year in `1999`, `1999-03` or `1999-03-00`. Discogs also has `1980s`, `200?`, digits of other scripts and
/// year 0; they return `None`.
pub fn released_year(text: &str) -> Option<i32> {
    let mut parts = text.split('-');
    let all_digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let year = parts.next().filter(|part| all_digits(part, 4))?;
    let readable = parts.by_ref().take(2).all(|part| all_digits(part, 2)) && parts.next().is_none();
    year.parse().ok().filter(|year| readable && *year > 0)
}

/// Parses a track's duration, `3:45`, `75:00` or `1:02:03`, to seconds. Parts after the first have two digits below 60.
pub fn duration_seconds(text: &str) -> Option<i32> {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let mut parts = text.as_bytes().split(|byte| *byte == b':');
    let first = parts.next().filter(|part| (1..=5).contains(&part.len()) && digits(part))?;
    let mut seconds = first.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    let mut below = 0;
    for part in parts {
        let &[tens @ b'0'..=b'5', ones @ b'0'..=b'9'] = part else { return None };
        below += 1;
        if below > 2 {
            return None;
        }
        seconds = seconds * 60 + i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
    }
    (below > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_as_python_cuts_them() {
        for (text, expected) in [
            ("", None),
            (" \t\r\n\u{a0}\u{3000}\u{85}\u{1c}\u{1f}", None),
            ("a", Some("a")),
            ("\u{a0}Name (2)\u{a0}", Some("Name (2)")),
            ("\u{1d}a b\u{2028}", Some("a b")),
            ("\u{200b}a\u{feff}", Some("\u{200b}a\u{feff}")),
            ("\u{7}", Some("\u{7}")),
        ] {
            assert_eq!(trimmed(Cow::Borrowed(text)).as_deref(), expected, "{text:?}");
            assert_eq!(trimmed(Cow::Owned(text.to_owned())).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn years_are_read_where_they_can_be() {
        for text in ["1999", "1999-03", "1999-03-00", "1999-03-31"] {
            assert_eq!(released_year(text), Some(1999), "{text}");
        }
        for text in [
            "",
            "1980s",
            "200?",
            "0000",
            "0000-00-00",
            "99",
            "１９９９",
            "1999-3",
            "1999-03-01-01",
            "1999 ",
            "19990301",
            "?",
        ] {
            assert_eq!(released_year(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read_where_they_can_be() {
        for (text, seconds) in [("3:45", 225), ("0:00", 0), ("75:00", 4500), ("1:02:03", 3723), ("00:59", 59)] {
            assert_eq!(duration_seconds(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "345",
            "3:",
            ":45",
            "3:4",
            "3:60",
            "1:60:00",
            "3:45:",
            "1:2:3:4",
            "3.45",
            "3'45\"",
            "-3:45",
            "999999:00",
            "x:45",
        ] {
            assert_eq!(duration_seconds(text), None, "{text}");
        }
        assert_eq!(duration_seconds("99999:59:59"), Some(359_999_999 - 3600 + 3600));
    }

    #[test]
    fn integers_are_ascii_digits_that_fit() {
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        for text in ["", "-", "+1", "1.0", "1e3", " 1", "9223372036854775808", "٣"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
