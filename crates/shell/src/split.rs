//! Finds the end of a command in the text of a script or a prompt.
//!
//! A statement of SQL ends at a semicolon, a command of the shell at the end of its line or at a semicolon. Neither ends
//! within quotes, and SQL not within a comment.

use crate::command;

/// The next command of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'t> {
    /// The text has no further command.
    End,
    /// A command, and the text behind it.
    Command(&'t str, &'t str),
    /// A command whose end is missing.
    Unfinished(&'t str, Missing),
}

/// The missing end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The semicolon behind a statement of SQL.
    Semicolon,
    /// The end of a quoted text.
    Quote,
    /// The end of a comment.
    Comment,
}

/// Returns the next command of a text, without the comments and semicolons in front of it.
pub fn next(text: &str) -> Next<'_> {
    let text = match skip_comments(text) {
        Ok(text) => text,
        Err(missing) => return Next::Unfinished(text, missing),
    };
    if text.is_empty() {
        return Next::End;
    }
    let end = if command::is_command(text) { end_of_line(text) } else { end_of_sql(text) };
    match end {
        Ok(end) => {
            let (command, rest) = text.split_at(end);
            Next::Command(command.trim().trim_end_matches(';').trim_end(), rest)
        }
        Err(missing) => Next::Unfinished(text, missing),
    }
}

/// Returns whether a text is whole: each of its commands has an end.
pub fn is_whole(mut text: &str) -> bool {
    loop {
        match next(text) {
            Next::End => return true,
            Next::Command(_, rest) => text = rest,
            Next::Unfinished(..) => return false,
        }
    }
}

/// Skips white space, semicolons and comments.
fn skip_comments(mut text: &str) -> Result<&str, Missing> {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        match comment(text) {
            Some(end) => text = &text[end?..],
            None => return Ok(text),
        }
    }
}

/// Returns the length of the comment at the beginning of a text, or `None` if there is none.
fn comment(text: &str) -> Option<Result<usize, Missing>> {
    if text.starts_with("--") {
        return Some(Ok(text.find('\n').map_or(text.len(), |end| end + 1)));
    }
    if !text.starts_with("/*") {
        return None;
    }
    // DuckDB nests these comments.
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        let rest = &text.as_bytes()[at..];
        match rest {
            [] => return Some(Err(Missing::Comment)),
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return Some(Ok(at + 2)),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
}

/// Returns the length of a command of the shell with the newline or the semicolon that ends it.
fn end_of_line(text: &str) -> Result<usize, Missing> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('\n' | ';', None) => return Ok(at + 1),
            _ => {}
        }
    }
    if quote.is_some() { Err(Missing::Quote) } else { Ok(text.len()) }
}

/// Returns the length of a statement of SQL with the semicolon that ends it.
fn end_of_sql(text: &str) -> Result<usize, Missing> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let is_in_word = at > 0 && is_word(bytes[at - 1]);
        match bytes[at] {
            b';' => return Ok(at + 1),
            b'-' | b'/' if comment(&text[at..]).is_some() => at += comment(&text[at..]).unwrap_or(Ok(1))?,
            b'\'' => at = quoted(bytes, at, false)?,
            b'"' => at = quoted(bytes, at, false)?,
            b'e' | b'E' if !is_in_word && bytes.get(at + 1) == Some(&b'\'') => at = quoted(bytes, at + 1, true)?,
            b'$' if !is_in_word => match tag(&text[at..]) {
                None => at += 1,
                Some(tag) => {
                    let begin = at + tag.len();
                    at = begin + text[begin..].find(tag).ok_or(Missing::Quote)? + tag.len();
                }
            },
            _ => at += 1,
        }
    }
    Err(Missing::Semicolon)
}

/// Returns the position behind a quoted text. A doubled quote stands for itself; with `escapes`, a backslash does too.
fn quoted(bytes: &[u8], begin: usize, escapes: bool) -> Result<usize, Missing> {
    let quote = bytes[begin];
    let mut at = begin + 1;
    loop {
        match &bytes[at.min(bytes.len())..] {
            [] => return Err(Missing::Quote),
            [b'\\', _, ..] if escapes => at += 2,
            [first, second, ..] if *first == quote && *second == quote => at += 2,
            [first, ..] if *first == quote => return Ok(at + 1),
            _ => at += 1,
        }
    }
}

/// Returns the tag that opens a text in dollars, such as `$$` or `$body$`.
fn tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let name = &inner.as_bytes()[..end];
    let is_name = name.iter().all(|byte| is_word(*byte)) && !name.first().is_some_and(u8::is_ascii_digit);
    is_name.then(|| &text[..end + 2])
}

/// Returns whether a byte is part of a word of SQL. Every byte of a character beyond ASCII is.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the commands of a text, and what is missing at its end.
    fn commands(mut text: &str) -> (Vec<&str>, Option<Missing>) {
        let mut found = Vec::new();
        loop {
            match next(text) {
                Next::End => return (found, None),
                Next::Unfinished(rest, missing) => {
                    found.push(rest);
                    return (found, Some(missing));
                }
                Next::Command(command, rest) => {
                    found.push(command);
                    text = rest;
                }
            }
        }
    }

    #[test]
    fn commands_end_at_semicolons_and_those_of_the_shell_at_the_end_of_the_line() {
        for (text, expected) in [
            ("", &[][..]),
            (" ;; -- nothing\n /* /* nested */ */ ;", &[]),
            ("tables\nruns; checks", &["tables", "runs", "checks"]),
            ("SELECT 1;\ntables", &["SELECT 1", "tables"]),
            ("select ';' as \";\" -- ;\n, /* ; */ 1; tables", &["select ';' as \";\" -- ;\n, /* ; */ 1", "tables"]),
            ("select 'it''s;'; runs", &["select 'it''s;'", "runs"]),
            ("select e'it\\'s;', 'c:\\'; runs", &["select e'it\\'s;', 'c:\\'", "runs"]),
            ("select $$;$$, $a$;$$;$a$, $1, a$b; runs", &["select $$;$$, $a$;$$;$a$, $1, a$b", "runs"]),
            ("insert mine.x 'a;b.csv' key=id; runs", &["insert mine.x 'a;b.csv' key=id", "runs"]),
            ("describe releases_ref_v6\nruns", &["describe releases_ref_v6", "runs"]),
            ("DESCRIBE\nSELECT 1;", &["DESCRIBE", "SELECT 1"]),
            ("DESCRIBE SELECT\n1;", &["DESCRIBE SELECT\n1"]),
            ("FROM tables;", &["FROM tables"]),
        ] {
            assert_eq!(commands(text), (expected.to_vec(), None), "{text}");
        }
    }

    #[test]
    fn the_missing_end_is_named() {
        for (text, missing) in [
            ("select 1", Missing::Semicolon),
            ("select '", Missing::Quote),
            ("select ';\n", Missing::Quote),
            ("select e'\\'", Missing::Quote),
            ("select $x$;", Missing::Quote),
            ("select /* ;", Missing::Comment),
            ("/* /* */ tables", Missing::Comment),
            ("export 'a", Missing::Quote),
            ("tables; select", Missing::Semicolon),
        ] {
            assert_eq!(commands(text).1, Some(missing), "{text}");
            assert!(!is_whole(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_split_and_nothing_of_a_command_is_lost(text in "(?s).{0,60}") {
            let (found, _) = commands(&text);
            let mut rest = text.as_str();
            for command in found {
                let at = rest.find(command);
                proptest::prop_assert!(at.is_some(), "{:?} is not in {:?}", command, rest);
                rest = &rest[at.unwrap_or_default() + command.len()..];
            }
        }

        #[test]
        fn any_text_in_quotes_is_one_value(value in "(?s).{0,30}") {
            let sql = format!("select '{}';", value.replace('\'', "''"));
            proptest::prop_assert_eq!(next(&sql), Next::Command(&sql[..sql.len() - 1], ""));
            let identifier = format!("select \"{}\";", value.replace('"', "\"\""));
            proptest::prop_assert_eq!(next(&identifier), Next::Command(&identifier[..identifier.len() - 1], ""));
        }
    }
}
