//! Names of columns that every engine takes without quotes: lower case, no spaces, not reserved, and distinct.

use std::collections::HashSet;

/// Words that DuckDB or Trino reserve, or that name what DuckDB knows of a file.
const RESERVED: [&str; 84] = [
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "cross",
    "cube",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "delete",
    "desc",
    "describe",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "execute",
    "exists",
    "extract",
    "false",
    "fetch",
    "file_row_number",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "grouping",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "natural",
    "normalize",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "qualify",
    "references",
    "right",
    "rollup",
    "select",
    "table",
    "then",
    "to",
    "true",
    "union",
    "using",
    "when",
    "where",
];

/// A column of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name in the input.
    pub source: String,
    /// The name in the table.
    pub name: String,
}

/// Returns the columns of an input with their names in the table.
pub fn named(sources: &[String]) -> Vec<Named> {
    let mut taken = HashSet::new();
    let mut columns = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let plain = plain(source, index);
        let mut name = plain.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        columns.push(Named { source: source.clone(), name });
    }
    columns
}

/// Returns a name in lower case, with one `_` in place of everything but letters and digits.
fn plain(source: &str, index: usize) -> String {
    let mut name = String::new();
    for c in source.trim().chars() {
        match c.is_alphanumeric() {
            true => name.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())),
            false if name.is_empty() || name.ends_with('_') => {}
            false => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => format!("column_{}", index + 1),
        Some(first) if first.is_numeric() => format!("_{name}"),
        Some(_) if RESERVED.contains(&name) => format!("{name}_"),
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sources: &[&str]) -> Vec<String> {
        let sources: Vec<_> = sources.iter().map(|&source| source.to_owned()).collect();
        named(&sources).into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn names_are_plain_distinct_and_not_reserved() {
        let sources = ["Listing ID", " Catalog#", "catalog #", "Order", "7\"", "", "Größe", "media  condition!", "a_b"];
        let expected =
            ["listing_id", "catalog", "catalog_2", "order_", "_7", "column_6", "größe", "media_condition", "a_b"];
        assert_eq!(names(&sources), expected);
        assert_eq!(names(&["a_2", "a", "a"]), ["a_2", "a", "a_3"]);
    }

    proptest::proptest! {
        #[test]
        fn any_names_become_distinct_names(sources in proptest::collection::vec(".{0,8}", 0..12)) {
            let names = named(&sources);
            let distinct: HashSet<_> = names.iter().map(|column| column.name.to_lowercase()).collect();
            proptest::prop_assert_eq!(distinct.len(), sources.len());
            for column in names {
                proptest::prop_assert!(!column.name.is_empty() && !column.name.contains([' ', '"', '\'']));
            }
        }
    }
}
