//! The words of a command of the shell.
//!
//! Words are separated by white space. `'…'` and `"…"` keep spaces and semicolons in a word; a doubled quote within them
//! stands for itself. A backslash has no meaning.

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes.
    pub text: String,
    /// The position in the command at which it begins.
    pub begin: usize,
    /// Whether all of it stands in one pair of quotes.
    pub is_quoted: bool,
}

/// Splits a command into words.
///
/// # Errors
/// Returns the text behind a quote that is not closed.
pub fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut characters = text.char_indices().peekable();
    loop {
        while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(begin, _)) = characters.peek() else { return Ok(words) };
        let (mut word, mut plain, mut quoted) = (String::new(), 0, 0);
        while let Some((at, c)) = characters.next_if(|(_, c)| !c.is_whitespace()) {
            if !matches!(c, '\'' | '"') {
                plain += 1;
                word.push(c);
                continue;
            }
            quoted += 1;
            loop {
                match characters.next() {
                    None => return Err(text[at..].to_owned()),
                    Some((_, found)) if found != c => word.push(found),
                    Some(_) => match characters.next_if(|(_, next)| *next == c) {
                        Some(_) => word.push(c),
                        None => break,
                    },
                }
            }
        }
        words.push(Word { text: word, begin, is_quoted: plain == 0 && quoted == 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).expect("words").into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_keep_a_word_together() {
        for (text, expected) in [
            ("", &[][..]),
            ("  history \t mine.x ", &["history", "mine.x"]),
            ("insert mine.x 'my file.csv' key=a,b", &["insert", "mine.x", "my file.csv", "key=a,b"]),
            ("declare='price=decimal(12, 2)'", &["declare=price=decimal(12, 2)"]),
            ("'it''s' \"a \"\"b\"\"\" c\\d", &["it's", "a \"b\"", "c\\d"]),
            ("''", &[""]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
        assert_eq!(words("export 'a b"), Err("'a b".to_owned()));
        let quoted: Vec<_> = words("'a' b 'c'd").expect("words").iter().map(|word| word.is_quoted).collect();
        assert_eq!(quoted, [true, false, false]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_a_quoted_one_is_a_word(text in "(?s).{0,40}") {
            let _ = words(&text);
            for quote in ['\'', '"'] {
                let doubled = text.replace(quote, &format!("{quote}{quote}"));
                let word = Word { text: text.clone(), begin: 2, is_quoted: true };
                proptest::prop_assert_eq!(words(&format!("  {quote}{doubled}{quote} ")), Ok(vec![word]));
            }
        }
    }
}
