//! Compares the conversions, which DuckDB makes, with a reference in Rust, for any texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::declaration::Declaration;
use super::layout::{SourceColumn, wanted};
use super::steps::Steps;
use crate::sql::{Cell, DuckDb, Engine};

const DECLARATION: &str = "\
source: bronze.mine_texts
target: mine.texts
key: [k]
null_words: [n/a]
columns:
  - {name: k, type: bigint}
  - {name: whole, from: t, type: integer, range: {min: -50, max: 500}}
  - {name: price, from: t, type: 'decimal(9,2)', strip: [$, €], decimal_mark: ','}
  - {name: grams, from: t, type: 'decimal(12,3)', units: {'': 1, g: 1, kg: 1000, oz: 28.349523}}
  - {name: day, from: t, type: date, formats: ['%Y-%m-%d', '%d/%m/%Y']}
  - {name: offers, from: t, type: boolean, map: {Y: 'true', N: 'false'}}
  - {name: grade, from: t, type: varchar, null_words: ['-'], accepted: [Mint, Good, 5]}
  - {name: raw, from: t, type: varchar, trim: false}
";

/// A value, none, or the reason for which the text is rejected.
type Converted = Result<Option<String>, &'static str>;

/// A conversion of a trimmed text that is no word for NULL.
type Conversion = fn(&str) -> Converted;

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_whole(text: &str) -> bool {
    let digits_of = text.strip_prefix('-').unwrap_or(text);
    digits(digits_of) && (digits_of == "0" || !digits_of.starts_with('0'))
}

/// Returns a number as an integer of this many decimals, if it has no more digits than these.
fn scaled(text: &str, scale: usize) -> Option<i128> {
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, decimals) = plain.split_once('.').map_or((plain, None), |(whole, decimals)| (whole, Some(decimals)));
    if !digits(whole) || decimals.is_some_and(|decimals| !digits(decimals)) {
        return None;
    }
    let decimals = decimals.unwrap_or("").trim_end_matches('0');
    (decimals.len() <= scale).then_some(())?;
    format!("{whole}{decimals:0<scale$}").parse::<i128>().ok().map(|number| sign * number)
}

fn shown(number: i128, scale: usize) -> String {
    let (sign, number) = if number < 0 { ("-", -number) } else { ("", number) };
    let unit = 10_i128.pow(scale as u32);
    format!("{sign}{}.{:0>scale$}", number / unit, number % unit)
}

fn whole(text: &str) -> Converted {
    let number = text.parse::<i32>().ok().filter(|_| is_whole(text)).ok_or("no integer")?;
    match number {
        ..-50 => Err("below -50"),
        501.. => Err("above 500"),
        number => Ok(Some(number.to_string())),
    }
}

fn price(text: &str) -> Converted {
    let text = text.replace(['$', '€'], "").replace(',', ".");
    let text = text.trim_matches(is_space);
    let is_number = is_whole(text.split('.').next().unwrap_or_default());
    let number = scaled(text, 2).filter(|number| is_number && number.abs() < 1_000_000_000).ok_or("no decimal(9,2)")?;
    Ok(Some(shown(number, 2)))
}

fn grams(text: &str) -> Converted {
    let wrong = "no decimal(12,3) in a unit of \"\", \"g\", \"kg\", \"oz\"";
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']) {
        "" | "g" => 1_000_000,
        "kg" => 1_000_000_000,
        "oz" => 28_349_523,
        _ => return Err(wrong),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_short = whole.trim_start_matches('-').len() <= 13 && decimals.len() <= 6;
    let number = scaled(number, 6).filter(|_| is_short).ok_or(wrong)?;
    let product: i128 = number * factor;
    // Twelve decimals, of which the type has three.
    let thousandths = product / 1_000_000_000;
    match product % 1_000_000_000 == 0 && thousandths.abs() < 1_000_000_000_000 {
        true => Ok(Some(shown(thousandths, 3))),
        false => Err(wrong),
    }
}

fn day(text: &str) -> Converted {
    let iso = match text.split('/').collect::<Vec<_>>()[..] {
        [day, month, year] => format!("{year}-{month}-{day}"),
        _ => text.to_owned(),
    };
    let is_plain = iso.len() == 10 && iso.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = iso.parse::<jiff::civil::Date>().ok().filter(|_| is_plain);
    day.map(|day| Some(day.to_string())).ok_or("no date in the format %Y-%m-%d or %d/%m/%Y")
}

fn offers(text: &str) -> Converted {
    match text.to_ascii_lowercase().as_str() {
        _ if text == "Y" => Ok(Some("true".to_owned())),
        _ if text == "N" => Ok(Some("false".to_owned())),
        lower @ ("true" | "false") => Ok(Some(lower.to_owned())),
        _ => Err("no boolean"),
    }
}

fn grade(text: &str) -> Converted {
    match text {
        "-" => Ok(None),
        "Mint" | "Good" | "5" => Ok(Some(text.to_owned())),
        _ => Err("not accepted"),
    }
}

fn is_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{a0}')
}

/// The conversions of the declaration, by column.
fn reference(text: &str) -> BTreeMap<&'static str, Converted> {
    let conversions: [(&str, Conversion); 6] =
        [("whole", whole), ("price", price), ("grams", grams), ("day", day), ("offers", offers), ("grade", grade)];
    let trimmed = text.trim_matches(is_space);
    let is_given = !["", "n/a"].contains(&trimmed);
    let convert =
        |(name, convert): (&'static str, Conversion)| (name, if is_given { convert(trimmed) } else { Ok(None) });
    let raw = (!["", "n/a"].contains(&text)).then(|| text.to_owned());
    conversions.into_iter().map(convert).chain([("raw", Ok(raw))]).collect()
}

/// Runs texts through the declaration, and returns what DuckDB makes of each.
fn refined(texts: &[String]) -> Vec<BTreeMap<String, Result<Option<String>, String>>> {
    let (engine, _folder) = DuckDb::of_test();
    let execute = |sql: &str| engine.execute(sql, "the rows of the test").expect("a statement");
    execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS work; CREATE TABLE incoming (k BIGINT, t VARCHAR)");
    engine
        .fill("incoming", |rows| {
            (0..).zip(texts).try_for_each(|(k, text)| rows.row([Cell::Number(k), Cell::Text(text)]))
        })
        .expect("rows");
    execute(
        "CREATE TEMP VIEW \"source rows\" AS SELECT CAST(k AS VARCHAR) AS k_source, t AS t_source,
         TIMESTAMPTZ '2026-12-01 00:00:00Z' AS ingestion_timestamp, 'file' AS source_system, 'texts' AS source_file,
         'a' AS source_sha256, 'b' AS record_hash, k AS position FROM incoming",
    );
    let declaration = Declaration::parse("texts.yml", DECLARATION).expect("a declaration");
    let source = ["k", "t"].map(|name| SourceColumn { source: name.to_owned(), name: format!("{name}_source") });
    let steps = Steps { engine: &engine, declaration: &declaration, source: &source };
    let checked = steps.check(&wanted(&declaration, &source).expect("columns")).expect("checked rows");
    assert_eq!(checked.rows, texts.len() as u64);
    let names: Vec<_> = declaration.columns.iter().map(|column| column.name.clone()).skip(1).collect();
    let cells = names.iter().map(|name| format!("CAST({name} AS VARCHAR), \"{name} reason\""));
    let cells = cells.collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {cells} FROM (FROM work.raw UNION ALL FROM work.failed) ORDER BY k");
    let rows = engine.rows(&sql, "the rows of the test").expect("rows");
    let converted = |row: Vec<Option<String>>| {
        let of_column = |(name, cells): (&String, &[Option<String>])| match cells {
            [_, Some(reason)] => (name.clone(), Err(reason.clone())),
            cells => (name.clone(), Ok(cells[0].clone())),
        };
        names.iter().zip(row.chunks(2)).map(of_column).collect()
    };
    rows.into_iter().map(converted).collect()
}

fn text() -> impl Strategy<Value = String> {
    let day = (1990..2035_u32, 0..14_u32, 0..33_u32);
    let spaced = (prop_oneof![Just(""), Just(" "), Just("\u{a0}\t")], inner(), prop_oneof![Just(""), Just(" \n")]);
    let spaced = spaced.prop_map(|(before, text, after)| format!("{before}{text}{after}"));
    prop_oneof![
        6 => spaced,
        2 => day.clone().prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")),
        2 => day.prop_map(|(year, month, day)| format!("{day:02}/{month:02}/{year}")),
        1 => "[ -~é]{0,6}",
    ]
    // DuckDB reads days of one digit and years of fewer than four as well.
    .prop_filter("no date that only DuckDB reads", |text| {
        let parts: Vec<_> = text.split(['-', '/']).map(str::trim).collect();
        parts.len() != 3 || text.len() == 10 || !parts.iter().all(|part| digits(part.trim_matches(is_space)))
    })
}

fn inner() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,4}",
        "-?0?[0-9]{1,12}([.,][0-9]{1,7})?",
        "[$€]?-?[0-9]{1,9}[.,][0-9]{0,3} ?€?",
        "[0-9]{1,5}([.][0-9]{1,4})? ?(g|kg|oz|lb)",
        "(Y|N|y|true|FALSE|Mint|Good|mint|-|n/a|N/A)",
        "",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_conversion_is_that_of_the_reference(texts in proptest::collection::vec(text(), 1..200)) {
        let found = refined(&texts);
        for (text, found) in texts.iter().zip(&found) {
            for (column, expected) in reference(text) {
                let expected = expected.map_err(str::to_owned);
                prop_assert_eq!(&found[column], &expected, "{} of {:?}", column, text);
            }
        }
    }
}

#[test]
fn conversions_of_known_texts() {
    let of = |text: &str, column: &str| refined(&[text.to_owned()]).remove(0).remove(column).expect("a column");
    assert_eq!(of("€ 1,50", "price"), Ok(Some("1.50".to_owned())));
    assert_eq!(of("1.5 kg", "grams"), Ok(Some("1500.000".to_owned())));
    assert_eq!(of("5 lb", "grams"), Err("no decimal(12,3) in a unit of \"\", \"g\", \"kg\", \"oz\"".to_owned()));
    assert_eq!(of("31/02/2020", "day"), Err("no date in the format %Y-%m-%d or %d/%m/%Y".to_owned()));
    assert_eq!(of(" n/a ", "whole"), Ok(None));
    assert_eq!(of(" n/a ", "raw"), Ok(Some(" n/a ".to_owned())));
}
