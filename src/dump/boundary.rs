//! Finds the boundaries between records in the bytes of the XML, without parsing it.
//!
//! A label contains labels (`<sublabels><label id="2">…</label>`), so an end tag alone does not end a record: the start
//! of another record must follow. `<release` and `<master` always start a record. `<artist>` and `<label>` start one if
//! an element follows; a sublabel contains text.

use memchr::memmem;

use super::Entity;

/// Returns the end of the last record in `bytes` that is followed by the start of another record.
pub(super) fn last_boundary(entity: Entity, bytes: &[u8]) -> Option<usize> {
    let end_tag = end_tag(entity);
    let mut upto = bytes.len();
    while let Some(at) = memmem::rfind(&bytes[..upto], end_tag.as_bytes()) {
        let end = at + end_tag.len();
        if starts_record(entity, &bytes[end..]) {
            return Some(end);
        }
        upto = at;
    }
    None
}

/// Like `last_boundary`, but searches from an offset on. If there is no boundary, returns as an error the offset from
/// which to search after more bytes were read: no position before the last end tag can become a boundary.
pub(super) fn last_boundary_from(entity: Entity, bytes: &[u8], from: usize) -> Result<usize, usize> {
    if let Some(end) = last_boundary(entity, &bytes[from..]) {
        return Ok(from + end);
    }
    let end_tag = end_tag(entity);
    let last_tag = memmem::rfind(&bytes[from..], end_tag.as_bytes()).map(|at| from + at);
    Err(last_tag.unwrap_or_else(|| bytes.len().saturating_sub(end_tag.len() - 1).max(from)))
}

/// Returns the end of the last whole record in bytes that may end anywhere. The end tag of a label may close a
/// sublabel, so a label counts as whole only if every opened label is closed.
pub(super) fn last_end(entity: Entity, bytes: &[u8]) -> Option<usize> {
    let end_tag = end_tag(entity);
    match entity {
        Entity::Labels => {
            let start = last_boundary(entity, bytes).unwrap_or_default();
            let rest = &bytes[start..];
            let end = memmem::rfind(rest, end_tag.as_bytes()).map(|at| at + end_tag.len());
            let whole =
                end.filter(|end| opened(&rest[..*end]) == memmem::find_iter(&rest[..*end], end_tag.as_bytes()).count());
            whole.or((start > 0).then_some(0)).map(|end| start + end)
        }
        _ => memmem::rfind(bytes, end_tag.as_bytes()).map(|at| at + end_tag.len()),
    }
}

/// Counts the start tags of labels, without empty-element tags (`<label/>`).
fn opened(bytes: &[u8]) -> usize {
    let tags = memmem::find_iter(bytes, "<label").map(|at| &bytes[at + "<label".len()..]);
    let tags = tags.filter(|rest| rest.first().is_some_and(|byte| *byte == b'>' || byte.is_ascii_whitespace()));
    tags.filter(|rest| memchr::memchr(b'>', rest).is_some_and(|end| !rest[..end].ends_with(b"/"))).count()
}

/// Returns the records of a block, each with its offset. Text between two records belongs to the record before it.
pub fn record_slices(entity: Entity, text: &str) -> impl Iterator<Item = (usize, &str)> {
    let slices = record_bytes(entity, text.as_bytes()).map(move |(at, bytes)| (at, &text[at..at + bytes.len()]));
    slices.take_while(|(_, slice)| !slice.trim().is_empty())
}

/// Like [`record_slices`], for bytes that may not be UTF-8.
pub fn record_bytes(entity: Entity, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let end_tag = end_tag(entity);
    let finder = memmem::Finder::new(end_tag.as_bytes()).into_owned();
    let mut start = 0;
    std::iter::from_fn(move || {
        if bytes[start..].trim_ascii().is_empty() {
            return None;
        }
        let mut from = start;
        let end = loop {
            match finder.find(&bytes[from..]) {
                None => break bytes.len(),
                Some(at) => from += at + finder.needle().len(),
            }
            if starts_record(entity, &bytes[from..]) {
                break from;
            }
        };
        let slice = (start, &bytes[start..end]);
        start = end;
        Some(slice)
    })
}

fn end_tag(entity: Entity) -> String {
    format!("</{}>", entity.record())
}

/// Returns whether bytes begin with the start tag of a record, after optional white space.
pub fn starts_record(entity: Entity, bytes: &[u8]) -> bool {
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
    fn a_label_is_whole_when_its_sublabels_are_closed() {
        let whole = "<label><id>1</id><sublabels><label id=\"2\">a</label><label id=\"3\"/></sublabels></label>\n";
        let end = whole.trim_end().len();
        assert_eq!(last_end(Entity::Labels, whole.as_bytes()), Some(end));
        let cut = "<label><id>4</id><sublabels><label id=\"5\">b</label>";
        assert_eq!(last_end(Entity::Labels, format!("{whole}{cut}").as_bytes()), Some(end));
        assert_eq!(last_end(Entity::Labels, cut.as_bytes()), None);
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

    #[test]
    fn a_boundary_is_found_however_the_bytes_come() {
        let text = b"<label><id>1</id><sublabels><label id=\"2\">a</label></sublabels></label> \n<label><id>3</id>";
        let end = 1 + text.iter().rposition(|byte| *byte == b'\n').expect("a line") - 2;
        for step in 1..text.len() {
            let (mut from, mut upto) = (0, 0);
            while upto < text.len() {
                upto = (upto + step).min(text.len());
                match last_boundary_from(Entity::Labels, &text[..upto], from) {
                    Ok(found) => assert_eq!(found, end),
                    Err(next) => from = next,
                }
            }
            assert_eq!(last_boundary_from(Entity::Labels, text, from), Ok(end), "in steps of {step}");
        }
    }
}
