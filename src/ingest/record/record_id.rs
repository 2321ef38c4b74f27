//! Reads the id of a record from its bytes, without converting the record to rows.

use std::collections::BTreeSet;

use super::cursor::Cursor;
use super::{Reference, Repaired, Tally, value};
use crate::dump::Entity;

/// Returns the id of a record, or `None` if the record has none that is a number or is malformed before it.
pub fn record_id(entity: Entity, record: &[u8]) -> Option<i64> {
    id_at_start(entity, record).or_else(|| id_by_tokens(entity, &Repaired::of(record).text))
}

/// Returns the id of a record as Discogs writes nearly all of them, such as `<release id="1"` and `<artist><id>1</id>`.
fn id_at_start(entity: Entity, record: &[u8]) -> Option<i64> {
    let rest = record.strip_prefix(b"<")?.strip_prefix(entity.record().as_bytes())?;
    let (rest, end) = match entity.has_attributes() {
        true => (rest.strip_prefix(b" id=\"")?, &b"\""[..]),
        false => (rest.strip_prefix(b"><id>")?, &b"</id>"[..]),
    };
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    rest[digits..].starts_with(end).then_some(())?;
    value::integer(std::str::from_utf8(&rest[..digits]).ok()?)
}

/// Returns the id as the readers of records find it: the first one with a text.
fn id_by_tokens(entity: Entity, record: &str) -> Option<i64> {
    let (mut tally, ignored) = (Tally::default(), BTreeSet::new());
    let mut cursor = Cursor::new(Reference::new(record), &mut tally, &ignored);
    cursor.record(entity.record()).ok()??;
    if entity.has_attributes() {
        return value::integer(&cursor.attribute("id")?);
    }
    while let Some(element) = cursor.child().ok()? {
        if element != "id" {
            cursor.unclaimed().ok()?;
        } else if let Some(id) = cursor.text().ok()? {
            return value::integer(&id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_where_the_entity_has_it() {
        for (entity, record, id) in [
            (Entity::Releases, "<release id=\"7\" status=\"Accepted\"><id>8</id></release>", Some(7)),
            (Entity::Releases, "<release status=\"Accepted\"\n id=' 7 '/>", Some(7)),
            (Entity::Masters, "<master><id>8</id></master>", None),
            (Entity::Masters, "<master id=\"-1\"></master>", Some(-1)),
            (Entity::Masters, "<master id=\"99999999999999999999\"></master>", None),
            (Entity::Artists, "<artist><id>7</id><name>A</name></artist>", Some(7)),
            (Entity::Artists, "<artist>\n<members><id>1</id></members><id/><id> 7</id></artist>", Some(7)),
            (Entity::Artists, "<artist><id>x</id></artist>", None),
            (Entity::Labels, "<label><images><image uri=\"\"/></images><id>7</id></label>", Some(7)),
            (Entity::Labels, "<label><sublabels><label id=\"9\">B</label></sublabels></label>", None),
            (Entity::Labels, "<label><name>unclosed", None),
        ] {
            assert_eq!(record_id(entity, record.as_bytes()), id, "{record}");
        }
        assert_eq!(record_id(Entity::Labels, b"<label><name>\xff</name><id>7</id></label>"), Some(7));
    }
}
