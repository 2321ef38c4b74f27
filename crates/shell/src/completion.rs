//! Completion of commands, tables and columns.

use crate::command;
use crate::lake::Names;
use crate::split::{Next, next};

/// The words of SQL that are completed. The shell's own words come first.
const SQL: [&str; 24] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "USING",
    "WITH",
    "AS",
    "DISTINCT",
    "UNION ALL",
    "CASE",
    "WHEN",
    "BETWEEN",
    "COUNT(*)",
    "SUM(",
    "AVG(",
    "MIN(",
    "MAX(",
    "DESCRIBE",
    "SUMMARIZE",
];

/// The words with which a statement begins, beside those that are commands.
const BEGINNINGS: [&str; 3] = ["FROM", "SUMMARIZE", "WITH"];

const FORMATS: [&str; 5] = ["csv", "json", "markdown", "ndjson", "table"];

/// The candidates for the word before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// Words that replace the one that begins at a position.
    Words(usize, Vec<String>),
    /// The names of files.
    Files,
}

/// Returns the candidates for the end of a text.
pub fn candidates(text: &str, names: &[Names]) -> Candidates {
    let command = last_command(text);
    let begin =
        text.rfind(|c: char| !is_of_word(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let begin = begin.max(text.len() - command.len());
    let (word, before) = (&text[begin..], &command[..command.len() - (text.len() - begin)]);
    let words = |found: Vec<String>| Candidates::Words(begin, found);
    if before.trim().is_empty() {
        return words(matching(word, command::NAMES.into_iter().chain(BEGINNINGS)));
    }
    if !command::is_command(command) {
        return words(of_sql(word, command, names));
    }
    let arguments: Vec<&str> = before.split_whitespace().collect();
    let tables = || names.iter().map(|names| names.table.as_str());
    match (arguments[0].to_ascii_lowercase().as_str(), arguments.len()) {
        ("help", 1) => words(matching(word, command::NAMES)),
        ("format", 1) => words(matching(word, FORMATS)),
        ("timing", 1) => words(matching(word, ["off", "on"])),
        ("export", _) | ("insert", 2) => Candidates::Files,
        ("insert" | "history" | "changes" | "rollback" | "alter" | "describe", 1) => words(matching(word, tables())),
        ("travel", 1) => words(matching(word, tables().chain(["now"]))),
        ("travel", 2) => words(matching(word, ["now"])),
        ("checks", _) => words(matching(word, ["all"])),
        ("insert", _) => {
            words(matching(word, ["declare=", "dry_run=true", "key=", "mode=", "order_by=", "partial=true"]))
        }
        ("alter", 2) => words(matching(word, ["add", "drop", "move", "partition=", "rename", "sort=", "widen"])),
        ("alter", _) => words(matching(word, columns(command, names))),
        _ => words(Vec::new()),
    }
}

/// Returns the candidates within a statement: tables, the columns of the tables that it names, and words of SQL.
fn of_sql(word: &str, statement: &str, names: &[Names]) -> Vec<String> {
    let tables = names.iter().map(|names| names.table.as_str());
    let mut found = matching(word, tables.chain(columns(statement, names)));
    match word.rsplit_once('.') {
        // A column behind the name or the alias of its table.
        Some((table, column)) => {
            let columns = matching(column, columns(statement, names));
            found.extend(columns.into_iter().map(|column| format!("{table}.{column}")));
        }
        None if !word.is_empty() => found.extend(matching(word, SQL)),
        None => {}
    }
    found
}

/// Returns the columns of the tables that a text names.
fn columns<'n>(text: &str, names: &'n [Names]) -> impl Iterator<Item = &'n str> + use<'n> {
    let words: Vec<String> = text.split(|c: char| !is_of_word(c)).map(str::to_ascii_lowercase).collect();
    let is_named = move |names: &&Names| words.contains(&names.table.to_ascii_lowercase());
    names.iter().filter(is_named).flat_map(|names| names.columns.iter().map(String::as_str))
}

/// Returns the names that begin with a word, in order, each once.
fn matching<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let begins = |name: &&str| name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let mut found: Vec<String> = names.into_iter().filter(begins).map(str::to_owned).collect();
    found.sort_by_key(|name| name.to_ascii_lowercase());
    found.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    found
}

/// Returns the command at the end of a text.
fn last_command(mut text: &str) -> &str {
    loop {
        match next(text) {
            Next::End => return "",
            Next::Unfinished(rest, _) => return rest,
            // A command of the shell also ends with the text; then it is the one that is being typed.
            Next::Command(_, "") if !text.ends_with([';', '\n']) => return text.trim_start_matches([' ', ';', '\n']),
            Next::Command(_, rest) => text = rest,
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Names> {
        let names = |table: &str, columns: &[&str]| Names {
            table: table.to_owned(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        };
        vec![names("mine.inventory", &["listing_id", "price"]), names("releases_ref_v6", &["id", "title", "country"])]
    }

    fn words(text: &str) -> Vec<String> {
        match candidates(text, &names()) {
            Candidates::Words(begin, words) => {
                words.into_iter().map(|word| format!("{}{word}", &text[..begin])).collect()
            }
            Candidates::Files => vec!["FILES".to_owned()],
        }
    }

    #[test]
    fn commands_tables_and_columns_are_completed() {
        for (text, expected) in [
            ("tab", &["tables"][..]),
            ("tables; hi", &["tables; history"]),
            ("help ins", &["help insert"]),
            ("history mi", &["history mine.inventory"]),
            ("format m", &["format markdown"]),
            ("travel n", &["travel now"]),
            ("insert mine.inventory inv", &["FILES"]),
            ("export s", &["FILES"]),
            ("alter mine.inventory re", &["alter mine.inventory rename"]),
            ("alter mine.inventory rename pr", &["alter mine.inventory rename price"]),
            ("SELECT * FROM rel", &["SELECT * FROM releases_ref_v6"]),
            ("select\n* from MINE.I", &["select\n* from mine.inventory"]),
            (
                "FROM releases_ref_v6 WHERE cou",
                &["FROM releases_ref_v6 WHERE COUNT(*)", "FROM releases_ref_v6 WHERE country"],
            ),
            ("FROM mine.inventory AS i WHERE i.pr", &["FROM mine.inventory AS i WHERE i.price"]),
            ("FROM mine.inventory; cou", &[]),
            ("insert mine.inventory a.csv ke", &["insert mine.inventory a.csv key="]),
        ] {
            let mut found = words(text);
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_candidates_that_begin_within_it(text in "(?s).{0,40}") {
            if let Candidates::Words(begin, _) = candidates(&text, &names()) {
                proptest::prop_assert!(text.is_char_boundary(begin));
            }
        }
    }
}
