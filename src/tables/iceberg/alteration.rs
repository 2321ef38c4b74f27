//! The words by which people change the columns of their tables.
//!
//! ```text
//! add NAME TYPE; rename NAME to NAME; widen NAME to TYPE; drop NAME; move NAME first; move NAME after NAME
//! ```

use std::str::FromStr;

use lake_catalog::{Alteration, Place, PrimitiveType};

/// A list of changes, made in order and committed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes(pub Vec<Alteration>);

impl FromStr for Changes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut changes = Vec::new();
        for change in statements(words(text)?) {
            changes.push(parse(&change)?);
        }
        if changes.is_empty() { Err(expected("nothing")) } else { Ok(Changes(changes)) }
    }
}

/// A word, or a name in double quotes, which is never a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    is_quoted: bool,
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(keyword)
    }
}

/// Splits at spaces and, into words of their own, at semicolons. Keeps a type's parentheses in one word.
fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_whitespace() => {}
            ';' => words.push(Word { text: ";".to_owned(), is_quoted: false }),
            '"' => {
                let mut text = String::new();
                loop {
                    match characters.next() {
                        Some('"') if characters.peek() == Some(&'"') => text.extend(characters.next()),
                        Some('"') => break,
                        Some(c) => text.push(c),
                        None => return Err(format!("the name \"{text} has no closing quote")),
                    }
                }
                words.push(Word { text, is_quoted: true });
            }
            c => {
                let (mut text, mut depth) = (String::from(c), u32::from(c == '('));
                while let Some(c) = characters.next_if(|c| depth > 0 || !(c.is_whitespace() || matches!(c, ';' | '"')))
                {
                    match c {
                        '(' => depth += 1,
                        ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    text.push(c);
                }
                words.push(Word { text, is_quoted: false });
            }
        }
    }
    Ok(words)
}

fn statements(words: Vec<Word>) -> Vec<Vec<Word>> {
    let split = words.split(|word| word.is(";")).map(<[Word]>::to_vec);
    split.filter(|words| !words.is_empty()).collect()
}

fn parse(words: &[Word]) -> Result<Alteration, String> {
    let name = |word: &Word| word.text.clone();
    match words {
        [verb, column, of_type] if verb.is("add") => Ok(Alteration::Add(name(column), data_type(&of_type.text)?)),
        [verb, from, to, new] if verb.is("rename") && to.is("to") => Ok(Alteration::Rename(name(from), name(new))),
        [verb, column, to, of_type] if verb.is("widen") && to.is("to") => {
            Ok(Alteration::Widen(name(column), data_type(&of_type.text)?))
        }
        [verb, column] if verb.is("drop") => Ok(Alteration::Drop(name(column))),
        [verb, column, first] if verb.is("move") && first.is("first") => {
            Ok(Alteration::Move(name(column), Place::First))
        }
        [verb, column, after, other] if verb.is("move") && after.is("after") => {
            Ok(Alteration::Move(name(column), Place::After(name(other))))
        }
        _ => Err(expected(&words.iter().map(name).collect::<Vec<_>>().join(" "))),
    }
}

fn expected(found: &str) -> String {
    format!(
        "expected add NAME TYPE, rename NAME to NAME, widen NAME to TYPE, drop NAME, move NAME first or move NAME \
         after NAME, found {found}"
    )
}

/// Parses the name of a type, as `alter-table` and `--declare` take it.
pub(super) fn data_type(text: &str) -> Result<PrimitiveType, String> {
    let name = text.to_ascii_lowercase();
    Ok(match name.as_str() {
        "boolean" => PrimitiveType::Boolean,
        "integer" | "int" => PrimitiveType::Int,
        "bigint" | "long" => PrimitiveType::Long,
        "real" | "float" => PrimitiveType::Float,
        "double" => PrimitiveType::Double,
        "date" => PrimitiveType::Date,
        "timestamp" => PrimitiveType::Timestamp,
        "timestamptz" => PrimitiveType::Timestamptz,
        "varchar" | "string" | "text" => PrimitiveType::String,
        _ => {
            return decimal(&name).ok_or_else(|| {
                format!(
                    "type {text}: expected boolean, integer, bigint, real, double, decimal(PRECISION, SCALE), date, \
                     timestamp, timestamptz or varchar"
                )
            });
        }
    })
}

fn decimal(name: &str) -> Option<PrimitiveType> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (1..=38).contains(&precision).then_some(())?;
    (scale <= precision).then_some(PrimitiveType::Decimal { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_in_order() {
        let text = r#"add country varchar; Rename "a ""b" to c;widen n TO decimal(10, 2);
            drop x; move y first; move "first" after y;"#;
        let name = |text: &str| text.to_owned();
        let expected = vec![
            Alteration::Add(name("country"), PrimitiveType::String),
            Alteration::Rename(name("a \"b"), name("c")),
            Alteration::Widen(name("n"), PrimitiveType::Decimal { precision: 10, scale: 2 }),
            Alteration::Drop(name("x")),
            Alteration::Move(name("y"), Place::First),
            Alteration::Move(name("first"), Place::After(name("y"))),
        ];
        assert_eq!(text.parse(), Ok(Changes(expected)));
    }

    #[test]
    fn wrong_changes_are_named() {
        for (text, wrong) in [
            ("", "found nothing"),
            (" ; ", "found nothing"),
            ("add x", "found add x"),
            ("drop x y", "found drop x y"),
            ("rename a b", "found rename a b"),
            ("add x blob", "type blob: expected boolean"),
            ("add x decimal(2,3)", "type decimal(2,3)"),
            ("add x decimal(39,3)", "type decimal(39,3)"),
            ("drop \"x", "no closing quote"),
            ("\"drop\" x", "found drop x"),
        ] {
            let error = text.parse::<Changes>().expect_err("is refused");
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_a_quoted_name_is_read_as_it_is(text in ".{0,40}", name in "[^\"]{1,20}") {
            let _ = text.parse::<Changes>();
            let dropped = format!("drop \"{name}\"").parse();
            proptest::prop_assert_eq!(dropped, Ok(Changes(vec![Alteration::Drop(name)])));
        }
    }
}
