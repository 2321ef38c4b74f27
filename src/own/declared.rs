//! Declared types: `price=decimal(12,2),listed=date`.

use std::str::FromStr;

use lake_catalog::PrimitiveType;

use crate::tables::iceberg::data_type;

/// The types of columns, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared(pub Vec<(String, PrimitiveType)>);

impl Declared {
    /// Returns the declared type of a column.
    pub fn of(&self, column: &str) -> Option<&PrimitiveType> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, data_type)| data_type)
    }
}

impl FromStr for Declared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut declared = Declared::default();
        for part in parts(text) {
            let (name, of_type) = part.split_once('=').ok_or_else(|| format!("expected COLUMN=TYPE, found {part}"))?;
            declared.0.push((name.trim().to_owned(), data_type(of_type.trim())?));
        }
        Ok(declared)
    }
}

/// Splits a list at the commas that stand in no parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0_usize, 0, Vec::new());
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&text[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
    }
    found.push(&text[begin..]);
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A list in one parameter, whose items may have commas in parentheses: `month(listed), bucket(16, id)`. `none` is the
/// empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let items = if text == "none" { Vec::new() } else { parts(text) };
        items.into_iter().map(str::parse).collect::<Result<_, _>>().map(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_declared_by_column() {
        let declared: Declared = "price=decimal(12, 2), Listed = date".parse().expect("types");
        assert_eq!(declared.of("price"), Some(&PrimitiveType::Decimal { precision: 12, scale: 2 }));
        assert_eq!(declared.of("listed"), Some(&PrimitiveType::Date));
        assert_eq!(declared.of("other"), None);
        assert!("price".parse::<Declared>().is_err());
        assert!("price=money".parse::<Declared>().is_err());
    }
}
