//! The statements of a user that Trino may run: those that only read.

use digdag_task::Failure;

/// The words that a statement that reads begins with. Trino runs one statement a request, and none that begins so writes.
const READS: [&str; 7] = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC"];

/// Refuses a statement of a user that may change something in Trino.
///
/// # Errors
/// Returns a failure of class `Parameters` unless the statement is a query, SHOW or DESCRIBE. `TABLE(…)`, a function of a
/// connector, is refused, because such a function may pass any statement on to the connector's database.
pub fn refuse_changes(sql: &str, origin: &str) -> Result<(), Failure> {
    let words = words(sql);
    let mut behind_brackets = words.iter().skip_while(|word| *word == "(");
    let reads = behind_brackets.next().is_some_and(|word| READS.contains(&word.to_ascii_uppercase().as_str()));
    let calls = words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("TABLE") && pair[1] == "(");
    match reads && !calls {
        true => Ok(()),
        false => Err(Failure::parameters(format!("{origin}: expected a statement that reads"))
            .hint("give one SELECT, SHOW or DESCRIBE, without a table function")),
    }
}

/// Returns the words and brackets of a statement outside of comments, texts and quoted names.
fn words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, behind)| behind)
        } else if first == '\'' || first == '"' {
            // A doubled quote ends one text and begins the next, which changes nothing here.
            words.push(String::from("?"));
            rest[1..].split_once(first).map_or("", |(_, behind)| behind)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            &rest[end..]
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            &rest[first.len_utf8()..]
        };
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_read_are_told_from_those_that_change() {
        for reads in [
            "SELECT 1",
            "-- DROP TABLE a\n/* INSERT */ ((select 1))",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "SHOW TABLES",
            "TABLE artists_v1",
            "SELECT 'TABLE(x)', \"table\" FROM t",
        ] {
            assert!(refuse_changes(reads, "sql").is_ok(), "{reads}");
        }
        for changes in [
            "",
            "DROP TABLE a",
            "INSERT INTO a SELECT 1",
            "EXPLAIN ANALYZE DELETE FROM a",
            "CALL system.flush()",
            "/* SELECT",
            "SELECT * FROM TABLE(postgresql.system.query(query => 'x'))",
            "SELECT * FROM table /* a */ (f())",
            "SET SESSION a = 1",
        ] {
            assert!(refuse_changes(changes, "sql").is_err(), "{changes}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,60}") {
            let _ = refuse_changes(&text, "sql");
        }
    }
}
