//! The parts of an XML document outside of its root element: declaration, comments, processing instructions, white
//! space.

use memchr::memmem;

use super::shown;

/// Characters of an encoding's name that an error shows.
const MAX_SHOWN_NAME: usize = 40;

/// Encodings whose bytes are UTF-8 too.
const READABLE_ENCODINGS: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];

/// Returns the position after the comments, processing instructions and white space at the start of `bytes`, or as an
/// error the position of one that does not end. An XML declaration is not skipped: it is valid at the very start only.
pub(super) fn misc_end(bytes: &[u8]) -> Result<usize, usize> {
    let mut at = 0;
    loop {
        at += bytes[at..].len() - bytes[at..].trim_ascii_start().len();
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"<!--") {
            memmem::find(&rest[4..], b"-->").map(|end| 4 + end + 3)
        } else if rest.starts_with(b"<?") && !is_declaration(rest) {
            memmem::find(rest, b"?>").map(|end| end + 2)
        } else {
            return Ok(at);
        };
        at += end.ok_or(at)?;
    }
}

/// Returns the end of the XML declaration that `bytes` begin with: 0 if there is none, `None` if it does not end.
pub(super) fn declaration_end(bytes: &[u8]) -> Option<usize> {
    if is_declaration(bytes) { memmem::find(bytes, b"?>").map(|end| end + 2) } else { Some(0) }
}

fn is_declaration(bytes: &[u8]) -> bool {
    let name = bytes.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<?xml"));
    name && bytes.get(5).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'?')
}

/// Returns the position and the name of a document's encoding if it is not UTF-8. A byte order mark, the zero bytes of
/// wide characters at the start, or the XML declaration determine it.
pub(super) fn foreign_encoding(bytes: &[u8]) -> Option<(usize, String)> {
    let wide = match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..] => Some("UTF-32"),
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..] | [b'<', 0, ..] => Some("UTF-16"),
        _ => None,
    };
    if let Some(wide) = wide {
        return Some((0, wide.to_owned()));
    }
    let start = bytes.len() - without_mark(bytes).trim_ascii_start().len();
    let declaration = &bytes[start..][..declaration_end(&bytes[start..])?];
    let (at, name) = declared_encoding(declaration)?;
    let readable = READABLE_ENCODINGS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    (!readable).then(|| (start + at, shown(&String::from_utf8_lossy(name), MAX_SHOWN_NAME)))
}

/// Returns the bytes without a leading UTF-8 byte order mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Returns the position and the value of `encoding="…"`.
fn declared_encoding(declaration: &[u8]) -> Option<(usize, &[u8])> {
    const KEY: &[u8] = b"encoding";
    let key = memmem::find(declaration, KEY)? + KEY.len();
    let quoted = declaration[key..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = quoted.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let length = value.iter().position(|byte| byte == quote)?;
    Some((declaration.len() - value.len(), &value[..length]))
}

/// Returns the start and end of the last end tag of an element. White space may follow the name.
pub(super) fn last_end_tag(bytes: &[u8], name: &str) -> Option<(usize, usize)> {
    let start_of_tag = format!("</{name}");
    let mut upto = bytes.len();
    while let Some(at) = memmem::rfind(&bytes[..upto], start_of_tag.as_bytes()) {
        let rest = bytes[at + start_of_tag.len()..].trim_ascii_start();
        if rest.first() == Some(&b'>') {
            return Some((at, bytes.len() - rest.len() + 1));
        }
        upto = at;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_instructions_and_white_space_are_passed() {
        for (text, end) in [
            ("", Ok(0)),
            (" \r\n\t", Ok(4)),
            (" <!-- <a> --> <?p i?>\n<a>", Ok(22)),
            ("<!-->", Err(0)),
            (" <!-- ", Err(1)),
            ("<?p", Err(0)),
            ("<?xml version=\"1.0\"?>", Ok(0)),
            ("<?xml-stylesheet?>x", Ok(18)),
            ("x<!-- -->", Ok(0)),
        ] {
            assert_eq!(misc_end(text.as_bytes()), end, "{text:?}");
        }
    }

    #[test]
    fn encodings_other_than_utf_8_are_found_with_their_place() {
        for (text, found) in [
            ("<?xml version='1.0' encoding = 'Windows-1252' ?>", Some((32, "Windows-1252"))),
            ("\u{feff}\n<?xml encoding=\"latin1\"?>", Some((20, "latin1"))),
            ("<?XML version=\"1.0\" ENCODING=\"x\" encoding=\"ISO-8859-1\"?>", Some((43, "ISO-8859-1"))),
            ("<?xml version=\"1.0\" encoding=\"\"?>", Some((30, ""))),
            ("<?xml version=\"1.0\" encoding=\"Utf-8\"?>", None),
            ("<?xml version=\"1.0\" encoding='US-ASCII'?>", None),
            ("<?xml version=\"1.0\"?><a encoding=\"latin1\"/>", None),
            ("<labels>", None),
        ] {
            let expected = found.map(|(at, name)| (at, name.to_owned()));
            assert_eq!(foreign_encoding(text.as_bytes()), expected, "{text:?}");
        }
        for (bytes, name) in [(&b"\xff\xfe<\0l\0"[..], "UTF-16"), (b"\0<\0l", "UTF-16"), (b"<\0\0\0l", "UTF-32")] {
            assert_eq!(foreign_encoding(bytes), Some((0, name.to_owned())));
        }
    }

    #[test]
    fn the_last_end_tag_may_hold_white_space() {
        assert_eq!(last_end_tag(b"<a></a>\n</a \n>x", "a"), Some((8, 14)));
        assert_eq!(last_end_tag(b"<a></a></ab></a b></a", "a"), Some((3, 7)));
        assert_eq!(last_end_tag(b"<a></ab>", "a"), None);
    }
}
