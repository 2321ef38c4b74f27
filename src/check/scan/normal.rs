//! Normal forms of texts and numbers that are read out of texts, by definitions that share no code with an engine.

/// Appends a text in lower case, each character by itself, as SQL does it.
pub fn push_lower(text: &str, into: &mut String) {
    let from = into.len();
    if text.is_ascii() {
        into.push_str(text);
        into[from..].make_ascii_lowercase();
        return;
    }
    // The only character with two in lower case is İ; SQL takes the first.
    into.extend(text.chars().map(|character| character.to_lowercase().next().unwrap_or(character)));
}

/// Returns whether `lower` is `text` in lower case.
pub fn is_lower(lower: &str, text: &str) -> bool {
    if text.is_ascii() {
        return lower.len() == text.len()
            && lower.bytes().zip(text.bytes()).all(|(lower, byte)| lower == byte.to_ascii_lowercase());
    }
    let mut expected = String::with_capacity(text.len());
    push_lower(text, &mut expected);
    lower == expected
}

/// Writes the normal form of an artist's name: in lower case and trimmed, without one trailing (n), the first run of white
/// space as one blank. sql/warehouse/artist_name_map_v1.sql says why.
pub fn artist_name(name: &str, scratch: &mut String, into: &mut String) {
    scratch.clear();
    into.clear();
    push_lower(name, scratch);
    let name = without_number(scratch.trim_matches(' '));
    let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c');
    match name.find(is_space) {
        None => into.push_str(name),
        Some(space) => {
            into.push_str(&name[..space]);
            into.push(' ');
            into.push_str(name[space..].trim_start_matches(is_space));
        }
    }
}

fn without_number(name: &str) -> &str {
    let Some(open) = name.strip_suffix(')') else { return name };
    let before = open.trim_end_matches(|character: char| character.is_ascii_digit());
    if before.len() == open.len() { name } else { before.strip_suffix('(').unwrap_or(name) }
}

/// How a number is read out of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Digits, with a sign or without.
    Number,
    /// Minutes and seconds, or hours, minutes and seconds, as seconds.
    Duration,
    /// The year that a date begins with.
    Year,
}

impl Readable {
    /// Returns the kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "number" => Some(Readable::Number),
            "duration" => Some(Readable::Duration),
            "year" => Some(Readable::Year),
            _ => None,
        }
    }

    /// Returns the number in a text, if one can be read.
    pub fn read(self, text: &str) -> Option<i64> {
        match self {
            Readable::Number => {
                is_digits(text.strip_prefix('-').unwrap_or(text)).then_some(())?;
                text.parse().ok()
            }
            Readable::Duration => duration(text),
            Readable::Year => {
                let mut parts = text.split('-');
                let year = parts.next().filter(|year| year.len() == 4 && is_digits(year))?;
                let rest: Vec<_> = parts.collect();
                let is_date = rest.len() <= 2 && rest.iter().all(|part| part.len() == 2 && is_digits(part));
                year.parse().ok().filter(|year| is_date && *year != 0)
            }
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn duration(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|part| part.len() <= 5 && is_digits(part))?;
    let mut seconds: i64 = first.parse().ok()?;
    let mut count = 0;
    for part in parts {
        let is_sixtieth = part.len() == 2 && is_digits(part) && part.as_bytes()[0] < b'6';
        count += 1;
        if !is_sixtieth || count > 2 {
            return None;
        }
        seconds = seconds * 60 + part.parse::<i64>().ok()?;
    }
    (count > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{DuckDb, Engine, SqlFile, text_literal};

    const TEXTS: [&str; 40] = [
        "",
        " ",
        "A",
        "Ricky (6)",
        "Ricky(6)",
        "(6)",
        "((6)",
        "Ricky (6) ",
        "Ricky (6) (7)",
        "Ricky (x)",
        "Ricky ()",
        "a\tb  c",
        "  İstanbul ẞ Σίσυφος ΣΑΣ ",
        "ÄÖÜ ﬁ Ǆ Ꭰ 𐐀",
        "a \u{a0} b",
        "x\u{b}y",
        "12",
        "-12",
        "+12",
        "- 1",
        "007",
        "-0",
        "1.5",
        "99999999999999999999",
        "3:45",
        "1:02:03",
        "61:00",
        "1:60",
        "123456:00",
        "1:2",
        "1:02:03:04",
        ":30",
        "1999",
        "1999-00-00",
        "1999-12",
        "1999-1",
        "0000",
        "19999",
        "1999-12-01-01",
        "1999-12-01\n",
    ];

    fn engine_reads(sql: &str) -> Vec<Option<String>> {
        let (engine, _folder) = DuckDb::of_test();
        let values: Vec<_> =
            TEXTS.iter().enumerate().map(|(index, text)| format!("({index}, {})", text_literal(text))).collect();
        let sql = format!("SELECT {sql} FROM (VALUES {}) AS t(i, name) ORDER BY i", values.join(", "));
        engine.rows(&sql, "a test").expect("DuckDB answers").into_iter().map(|mut row| row.remove(0)).collect()
    }

    /// DuckDB and this file find the same, by the definitions of the checks in SQL.
    #[test]
    fn texts_are_read_as_the_checks_in_sql_read_them() {
        let lower = TEXTS.map(|text| {
            let mut lower = String::new();
            push_lower(text, &mut lower);
            assert!(is_lower(&lower, text), "{text:?}");
            Some(lower)
        });
        assert_eq!(engine_reads("lower(name)"), lower);

        let mut scratch = String::new();
        let names = TEXTS.map(|text| {
            let mut name = String::new();
            artist_name(text, &mut scratch, &mut name);
            Some(name)
        });
        let map = SqlFile::load("warehouse/artist_name_map_v1").expect("the query of the table");
        let expression = map.text.split("SELECT collapse").nth(1).and_then(|rest| rest.split(" AS norm_name").next());
        let expression = format!("collapse{}", expression.expect("the query normalises"));
        assert_eq!(engine_reads(&expression), names);

        for (file, column, readable) in [
            ("release_formats_v1.qty_agrees", "qty_text", Readable::Number),
            ("releases_ref_v6.released_year_agrees", "released", Readable::Year),
        ] {
            let check = SqlFile::load(&format!("checks/{file}")).expect("the check");
            let expression = check.text.split("IS DISTINCT FROM").nth(1).expect("the check compares");
            let expression = expression.replace(column, "name");
            let expected = TEXTS.map(|text| readable.read(text).map(|number| number.to_string()));
            assert_eq!(engine_reads(&expression), expected, "{file}");
        }
        let read = TEXTS.map(|text| Readable::Duration.read(text));
        let readable: Vec<_> = read.iter().flatten().collect();
        assert_eq!(readable, [&225, &3723, &3660]);
    }
}
