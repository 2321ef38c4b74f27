//! Numbers formatted for people.

/// Formats a number with a unit prefix: `950`, `12.5 k`, `3 M`.
pub fn short(value: f64) -> String {
    let with_unit = |value: f64, unit: &str| {
        let text = format!("{value:.1}");
        format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match value {
        value if value >= 1e6 => with_unit(value / 1e6, "M"),
        value if value >= 1e4 => with_unit(value / 1e3, "k"),
        value => format!("{value:.0}"),
    }
}

/// Formats a number with narrow spaces between its thousands: `12 345 678`.
pub fn grouped(value: u64) -> String {
    grouped_by('\u{202F}', value)
}

/// Like [`grouped`], but with the given space, because a terminal's font may lack the narrow one.
pub fn grouped_by(space: char, value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(space);
        }
        text.push(digit);
    }
    text
}
