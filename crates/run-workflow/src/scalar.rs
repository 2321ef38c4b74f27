//! The types that Digdag gives to plain YAML scalars.
//!
//! Digdag reads YAML 1.1 with its own resolver (`YamlTagResolver`): octal, binary and hexadecimal integers and `_`
//! between digits are numbers, a float that starts with `0` is text, and so are `TRUE`, `yes` and every date.

use serde_json::Value;

/// Returns the value of a plain scalar.
///
/// # Errors
/// Returns an error if the scalar is a number that run-workflow cannot represent as Digdag does; the message says
/// which.
pub fn resolve(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" => return Ok(true.into()),
        "false" | "False" => return Ok(false.into()),
        _ => {}
    }
    let (negative, digits) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some((radix, digits)) = integer(digits) {
        return whole(negative, radix, digits).ok_or_else(|| format!("the integer {text} does not fit into 64 bits"));
    }
    if is_float(digits) {
        return Ok(float(negative, &digits.replace('_', "")));
    }
    match digits {
        ".inf" | ".Inf" | ".INF" => Ok(infinity(negative)),
        ".nan" | ".NaN" | ".NAN" if digits == text => Ok("NaN".into()),
        _ if is_sexagesimal(digits) => Err(format!("the number {text} is sexagesimal in Digdag")),
        _ => Ok(text.into()),
    }
}

/// Splits an unsigned integer into its radix and its digits, which may hold `_`.
fn integer(text: &str) -> Option<(u32, &str)> {
    let of = |digits: &str, is_digit: fn(u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|byte| byte == b'_' || is_digit(byte))
    };
    if let Some(digits) = text.strip_prefix("0b") {
        return of(digits, |byte| matches!(byte, b'0' | b'1')).then_some((2, digits));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return of(digits, |byte| byte.is_ascii_hexdigit()).then_some((16, digits));
    }
    match text.as_bytes() {
        [b'0', ..] => of(text, |byte| matches!(byte, b'0'..=b'7')).then_some((8, text)),
        [b'1'..=b'9', ..] => of(text, |byte| byte.is_ascii_digit()).then_some((10, text)),
        _ => None,
    }
}

fn whole(negative: bool, radix: u32, digits: &str) -> Option<Value> {
    let size = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    let number = if negative { -size } else { size };
    i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)).ok()
}

/// Returns whether a text is a float, such as `.5`, `1.`, `1.5` or `1e3`: its integer part is missing or starts with a
/// digit other than 0.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let spaced = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let sound = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => whole.starts_with(|c| matches!(c, '1'..='9')) && spaced(whole) && spaced(fraction),
        None => mantissa.starts_with(|c| matches!(c, '1'..='9')) && spaced(mantissa),
    };
    sound && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn float(negative: bool, text: &str) -> Value {
    let size: f64 = text.parse().unwrap_or(f64::INFINITY);
    if size.is_infinite() {
        return infinity(negative);
    }
    Value::from(if negative { -size } else { size })
}

/// Returns infinity as text, as Digdag's parameters hold it, because JSON has no infinity.
fn infinity(negative: bool) -> Value {
    if negative { "-Infinity" } else { "Infinity" }.into()
}

fn is_sexagesimal(text: &str) -> bool {
    let Some((clock, fraction)) = text.split_once('.') else { return false };
    clock.contains(':')
        && clock.split(':').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_have_the_types_that_digdag_gives_them() {
        for (text, value) in [
            ("2026-11", json!("2026-11")),
            ("010", json!(8)),
            ("08", json!("08")),
            ("0o17", json!("0o17")),
            ("0x1F", json!(31)),
            ("0xZZ", json!("0xZZ")),
            ("-0b11", json!(-3)),
            ("1_000", json!(1000)),
            ("+5", json!(5)),
            ("-0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0.5", json!("0.5")),
            ("-0.0", json!("-0.0")),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1_0.5", json!(10.5)),
            ("1E5", json!(100_000.0)),
            ("1e400", json!("Infinity")),
            ("-.inf", json!("-Infinity")),
            ("12:30:00", json!("12:30:00")),
            ("TRUE", json!("TRUE")),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("NULL", json!(null)),
            ("=", json!("=")),
            ("-", json!("-")),
            ("1e", json!("1e")),
            (".", json!(".")),
        ] {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_ours_are_errors() {
        let message = "the integer 100000000000000000000 does not fit into 64 bits";
        assert_eq!(resolve("100000000000000000000"), Err(message.to_owned()));
        assert_eq!(resolve("1:30.5"), Err("the number 1:30.5 is sexagesimal in Digdag".to_owned()));
    }

    proptest! {
        #[test]
        fn no_scalar_panics(text in r"[-+0-9._xobeE:a-fé]{0,12}") {
            let _ = resolve(&text);
        }
    }
}
