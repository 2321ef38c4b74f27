//! Conditions of a statement that bounds of columns can rule out.

/// A value that a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constant {
    /// A whole number.
    Integer(i128),
    /// A text, compared by its bytes.
    Text(String),
    /// A day, in days since 1970.
    Date(i32),
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Returns the comparison with its sides exchanged.
    pub(super) fn flipped(self) -> Self {
        match self {
            Comparison::Equal => Comparison::Equal,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }
}

/// A condition that every row that a statement reads of a table has to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A column compared with a constant.
    Compare(String, Comparison, Constant),
    /// All of these.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
}

impl Filter {
    /// Returns whether rows can meet the condition whose columns have these bounds. `bounds` returns the least and the
    /// greatest value of a column, or `None` if they are unknown.
    pub fn is_possible(&self, bounds: &dyn Fn(&str) -> Option<(Constant, Constant)>) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.is_possible(bounds)),
            Filter::Any(parts) => parts.iter().any(|part| part.is_possible(bounds)),
            Filter::Compare(column, comparison, value) => {
                let Some((least, greatest)) = bounds(column) else { return true };
                let kind = std::mem::discriminant(value);
                if kind != std::mem::discriminant(&least) || kind != std::mem::discriminant(&greatest) {
                    return true;
                }
                match comparison {
                    Comparison::Equal => least <= *value && *value <= greatest,
                    Comparison::Less => least < *value,
                    Comparison::LessOrEqual => least <= *value,
                    Comparison::Greater => greatest > *value,
                    Comparison::GreaterOrEqual => greatest >= *value,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rule_out_what_no_row_between_them_meets() {
        let bounds = |column: &str| match column {
            "id" => Some((Constant::Integer(10), Constant::Integer(20))),
            "name" => Some((Constant::Text("b".to_owned()), Constant::Text("d".to_owned()))),
            _ => None,
        };
        let id = |comparison, value| Filter::Compare("id".to_owned(), comparison, Constant::Integer(value));
        for (filter, possible) in [
            (id(Comparison::Equal, 10), true),
            (id(Comparison::Equal, 21), false),
            (id(Comparison::Less, 10), false),
            (id(Comparison::LessOrEqual, 10), true),
            (id(Comparison::Greater, 20), false),
            (id(Comparison::GreaterOrEqual, 20), true),
            (Filter::Compare("name".to_owned(), Comparison::Equal, Constant::Text("c".to_owned())), true),
            (Filter::Compare("name".to_owned(), Comparison::Less, Constant::Text("b".to_owned())), false),
            (Filter::Compare("id".to_owned(), Comparison::Equal, Constant::Text("a".to_owned())), true),
            (Filter::Compare("other".to_owned(), Comparison::Equal, Constant::Integer(0)), true),
            (Filter::All(vec![id(Comparison::Less, 99), id(Comparison::Greater, 30)]), false),
            (Filter::Any(vec![id(Comparison::Equal, 30), id(Comparison::Equal, 15)]), true),
            (Filter::Any(vec![id(Comparison::Equal, 30), id(Comparison::Equal, 31)]), false),
        ] {
            assert_eq!(filter.is_possible(&bounds), possible, "{filter:?}");
        }
    }
}
