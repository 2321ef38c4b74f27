//! The encoding of a text: UTF-8 is checked, any other is converted.

use std::io::{Read, Write};

use encoding_rs::{DecoderResult, Encoding as Charset, UTF_8};

use digdag_task::Failure;

const BUFFER_BYTES: usize = 1 << 18;

/// Finds the first byte that is not UTF-8 in a text that arrives in parts.
#[derive(Debug, Default)]
pub struct Utf8Check {
    carried: Vec<u8>,
    line: u64,
}

impl Utf8Check {
    /// Checks the next part.
    ///
    /// # Errors
    /// Returns the number of the line with the first byte that is not UTF-8.
    pub fn update(&mut self, part: &[u8]) -> Result<(), u64> {
        let joined;
        let bytes = if self.carried.is_empty() {
            part
        } else {
            joined = [&self.carried, part].concat();
            &joined
        };
        let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        match simdutf8::compat::from_utf8(bytes) {
            Ok(_) => {
                self.line += lines(bytes);
                self.carried = Vec::new();
                Ok(())
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.line += lines(valid);
                if error.error_len().is_some() {
                    return Err(self.line + 1);
                }
                self.carried = rest.to_vec();
                Ok(())
            }
        }
    }

    /// Checks that the text does not end within a character.
    ///
    /// # Errors
    /// Like [`Utf8Check::update`].
    pub fn finish(&self) -> Result<(), u64> {
        if self.carried.is_empty() { Ok(()) } else { Err(self.line + 1) }
    }
}

/// Returns the error for a text that is not UTF-8.
pub fn not_utf8(name: &str, line: u64) -> Failure {
    Failure::input(format!("{name}, line {line}: a character is not UTF-8"))
        .hint("--encoding latin1 or --encoding windows-1252 reads it, if it is that")
}

/// Converts a text to UTF-8. A byte-order mark is left out.
///
/// # Errors
/// Fails if the text has a character that the encoding lacks, or if a file cannot be read or written.
pub fn convert(
    from: &'static Charset,
    name: &str,
    mut source: impl Read,
    mut target: impl Write,
) -> anyhow::Result<()> {
    debug_assert!(from != UTF_8, "UTF-8 is checked, not converted");
    let mut decoder = from.new_decoder();
    let mut input = vec![0; BUFFER_BYTES];
    let mut output = vec![0; 3 * BUFFER_BYTES + 16];
    loop {
        let read = source.read(&mut input)?;
        let mut rest = &input[..read];
        loop {
            let (result, taken, written) = decoder.decode_to_utf8_without_replacement(rest, &mut output, read == 0);
            target.write_all(&output[..written])?;
            rest = &rest[taken..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    let message = format!("{name} has a character that {} lacks", from.name());
                    return Err(Failure::input(message).hint("name another --encoding").into());
                }
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked_over_the_ends_of_its_parts() {
        let text = "a\nbé€\n".as_bytes();
        for at in 0..text.len() {
            let mut check = Utf8Check::default();
            assert_eq!(check.update(&text[..at]).and_then(|()| check.update(&text[at..])), Ok(()));
            assert_eq!(check.finish(), Ok(()));
        }
        assert_eq!(Utf8Check::default().update(b"a\nb\xe9\n"), Err(2));
        let mut cut = Utf8Check::default();
        assert_eq!((cut.update(b"a\n\xe2\x82"), cut.finish()), (Ok(()), Err(2)));
    }
}
