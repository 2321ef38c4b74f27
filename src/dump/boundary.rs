//! Where one record ends and the next begins, found in the bytes without parsing them.
//!
//! A label holds labels (`<sublabels><label id="2">…</label>`), so an end tag alone is no end of a record: what follows
//! must be the start of one. `<release` and `<master` are records wherever they stand. `<artist>` and `<label>` are
//! records when an element follows; a sublabel holds text.

use memchr::memmem;

use super::Entity;

/// The end of the last record in `bytes` behind which another record is seen to begin.
pub(super) fn last_boundary(entity: Entity, bytes: &[u8]) -> Option<usize> {
    let end_tag = end_tag(entity);
    let mut upto = bytes.len();
    while let Some(at) = memmem::rfind(&bytes[..upto], end_tag.as_bytes()) {
        let end = at + end_tag.len();
        if record_starts(entity, &bytes[end..]) {
            return Some(end);
        }
        upto = at;
    }
    None
}

/// The end of the last whole record in bytes that were cut anywhere: what follows may be missing. The end tag of a label
/// may be that of a sublabel, so there the record behind it must be seen.
pub(super) fn last_end(entity: Entity, bytes: &[u8]) -> Option<usize> {
    let end_tag = end_tag(entity);
    match entity {
        Entity::Labels => last_boundary(entity, bytes),
        _ => memmem::rfind(bytes, end_tag.as_bytes()).map(|at| at + end_tag.len()),
    }
}

/// The records of a block, each with its offset; text that is no record stays with the record before it.
pub fn record_slices(entity: Entity, text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end_tag = end_tag(entity);
    let mut start = 0;
    std::iter::from_fn(move || {
        if text[start..].trim().is_empty() {
            return None;
        }
        let mut from = start;
        let end = loop {
            match memmem::find(&text.as_bytes()[from..], end_tag.as_bytes()) {
                None => break text.len(),
                Some(at) => from += at + end_tag.len(),
            }
            if record_starts(entity, &text.as_bytes()[from..]) {
                break from;
            }
        };
        let slice = (start, &text[start..end]);
        start = end;
        Some(slice)
    })
}

fn end_tag(entity: Entity) -> String {
    format!("</{}>", entity.record())
}

fn record_starts(entity: Entity, bytes: &[u8]) -> bool {
    let Some(rest) = bytes.trim_ascii_start().strip_prefix(b"<") else { return false };
    let Some(rest) = rest.strip_prefix(entity.record().as_bytes()) else { return false };
    if entity.has_attributes() {
        return rest.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'>');
    }
    match rest.strip_prefix(b">").map(<[u8]>::trim_ascii_start) {
        Some([b'<', next, ..]) => next.is_ascii_alphabetic(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sublabel_is_no_record() {
        let text = "<label><id>1</id><sublabels><label id=\"2\">a</label>\n<label>b</label><label/></sublabels></label>\n\
                    <label> <id>3</id></label>";
        let slices: Vec<_> = record_slices(Entity::Labels, text).map(|(_, slice)| slice.trim()).collect();
        assert_eq!(slices.len(), 2);
        assert!(slices[0].ends_with("</sublabels></label>") && slices[1] == "<label> <id>3</id></label>");
        assert_eq!(last_boundary(Entity::Labels, text.as_bytes()), Some(slices[0].len()));
    }

    #[test]
    fn records_on_one_line_are_told_apart() {
        let text = "<artist><id>1</id></artist><artist><id>2</id></artist>\n<artist><id>3</id></artist>\n";
        let offsets: Vec<_> = record_slices(Entity::Artists, text).map(|(offset, _)| offset).collect();
        assert_eq!(offsets.len(), 3);
        assert_eq!(&text[offsets[1]..offsets[1] + 8], "<artist>");
    }

    #[test]
    fn a_cut_needs_the_start_of_the_next_record() {
        assert_eq!(last_boundary(Entity::Releases, b"<release id=\"1\"></release>"), None);
        assert_eq!(last_boundary(Entity::Releases, b"<release id=\"1\"></release>\n<rel"), None);
        assert_eq!(last_boundary(Entity::Releases, b"<release id=\"1\"></release>\n<release "), Some(26));
        assert_eq!(last_boundary(Entity::Releases, b"<release id=\"1\"></release></releases>"), None);
    }
}
